package fleettest

import (
	"context"
	"iter"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/suite"
)

// Hook stands between a caller and a fleet. It gets every call by the name of
// its method, such as "Describe", and do, which makes it. The caller gets what
// Hook returns: if that is nil the answer of do, else the error alone. So a Hook
// can
//
//   - pass the call on: return do()
//   - fail it: return an error without do
//   - lose its reply: do(), then return an error
//   - delay it: wait for ctx or a time, then return do()
//
// To return nil without do is to invent an answer, a zero one. do has the values
// of the caller's context, but does not end with it, and it may be used after
// Hook has returned, and again. Hook must be safe for concurrent use if the
// fleet is used so. A caller whose context is at its end makes no call.
type Hook func(ctx context.Context, call string, do func() error) error

// Intercept returns the fleet with the hook before it.
//
// A List is one call each time that its sequence is used: do reads all of it.
// If the hook then returns an error, the sequence is what a List is that fails
// on its way: the instances but the last one, then the error.
func Intercept(f binder.Fleet, hook Hook) binder.Fleet { return intercepted{f, hook} }

type intercepted struct {
	fleet binder.Fleet
	hook  Hook
}

func (i intercepted) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	ids = slices.Clone(ids) // the caller may have changed them by the time of a late call
	return suite.Ask(ctx, i.hook, "Describe", func(ctx context.Context) ([]binder.Instance, error) { return i.fleet.Describe(ctx, ids...) })
}

func (i intercepted) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return suite.Seq(ctx, i.hook, "List", i.fleet.List)
}
