package zonetest

import (
	"context"
	"iter"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/internal/suite"
)

// Hook stands between a caller and a zone. It gets every call by the name of
// its method, such as "Apply", and do, which makes it. The caller gets what Hook
// returns: if that is nil the answer of do, else the error alone. So a Hook can
//
//   - pass the call on: return do()
//   - fail it: return an error without do
//   - lose its reply: do(), then return an error
//   - delay it: wait for ctx or a time, then return do()
//   - let it take effect late: return an error, and have do called later
//
// To return nil without do is to invent an answer, a zero one. A call that has
// left the caller takes effect whatever becomes of the caller: do has the
// values of its context, but does not end with it, and it may be used after
// Hook has returned, and again. Only Wait, which changes nothing and may take
// long, ends with its caller's context. Hook must be safe for concurrent use if
// the zone is used so. A caller whose context is at its end makes no call.
type Hook func(ctx context.Context, call string, do func() error) error

// Intercept returns the zone with the hook before it. It implements
// [dnspolicy.Checker] if z does, and the hook gets its calls, too.
//
// A List is one call each time that its sequence is used: do reads all of it.
// If the hook then returns an error, the sequence is what a List is that fails
// on its way: the record sets but the last one, then the error.
func Intercept(z dnspolicy.Zone, hook Hook) dnspolicy.Zone {
	i := intercepted{z, hook}
	if c, ok := z.(dnspolicy.Checker); ok {
		return struct {
			dnspolicy.Zone
			dnspolicy.Checker
		}{i, interceptedChecker{c, hook}}
	}
	return i
}

type intercepted struct {
	zone dnspolicy.Zone
	hook Hook
}

func (i intercepted) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	return suite.Ask(ctx, i.hook, "Lookup", func(ctx context.Context) (dnspolicy.RRSet, error) { return i.zone.Lookup(ctx, key) })
}

func (i intercepted) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	changes = cloneChanges(changes) // the caller may have changed them by the time of a late call
	return suite.Ask(ctx, i.hook, "Apply", func(ctx context.Context) (dnspolicy.Propagation, error) { return i.zone.Apply(ctx, changes) })
}

func (i intercepted) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	return suite.Tell(ctx, i.hook, "Wait", func(context.Context) error { return i.zone.Wait(ctx, p) })
}

func (i intercepted) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return suite.Seq(ctx, i.hook, "List", i.zone.List)
}

func cloneChanges(changes []dnspolicy.Change) []dnspolicy.Change {
	cloned := make([]dnspolicy.Change, len(changes))
	for n, c := range changes {
		cloned[n] = dnspolicy.Change{Before: clone(c.Before), After: clone(c.After)}
	}
	return cloned
}

func clone(set *dnspolicy.RRSet) *dnspolicy.RRSet {
	if set == nil {
		return nil
	}
	c := set.Clone()
	return &c
}

type interceptedChecker struct {
	checker dnspolicy.Checker
	hook    Hook
}

func (i interceptedChecker) Check(ctx context.Context, suffix string) error {
	return suite.Tell(ctx, i.hook, "Check", func(ctx context.Context) error { return i.checker.Check(ctx, suffix) })
}
