package storetest

import (
	"context"
	"iter"
	"slices"

	"github.com/eipbinder/eipbinder/internal/suite"
	"github.com/eipbinder/eipbinder/store"
)

// Hook stands between a caller and a store. It gets every call by the name of
// its method, such as "Put", and do, which makes it. The caller gets what Hook
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
// Hook has returned, and again. Hook must be safe for concurrent use if the
// store is used so. A caller whose context is at its end makes no call.
type Hook func(ctx context.Context, call string, do func() error) error

// Intercept returns the store with the hook before it. It implements
// [store.Registry], [store.Checker], [store.Pauser] and [store.Auditor] if s
// does, and the hook gets their calls, too.
//
// A List is one call each time that its sequence is used: do reads all of it.
// If the hook then returns an error, the sequence is what a List is that fails
// on its way: the records but the last one, then the error.
func Intercept(s store.Store, hook Hook) store.Store {
	var o optional
	if r, ok := s.(store.Registry); ok {
		o.registry, o.has = interceptedRegistry{r, hook}, o.has|hasRegistry
	}
	if c, ok := s.(store.Checker); ok {
		o.checker, o.has = interceptedChecker{c, hook}, o.has|hasChecker
	}
	if p, ok := s.(store.Pauser); ok {
		o.pauser, o.has = interceptedPauser{p, hook}, o.has|hasPauser
	}
	if a, ok := s.(store.Auditor); ok {
		o.auditor, o.has = interceptedAuditor{a, hook}, o.has|hasAuditor
	}
	return o.with(intercepted{s, hook})
}

type intercepted struct {
	store store.Store
	hook  Hook
}

// The arguments of late calls are copied: the caller may have changed them by
// then.

func (i intercepted) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	keys = slices.Clone(keys)
	return suite.Ask(ctx, i.hook, "Get", func(ctx context.Context) ([]store.Record, error) { return i.store.Get(ctx, keys...) })
}

func (i intercepted) Put(ctx context.Context, r store.Record) (store.Record, error) {
	r = r.Clone()
	return suite.Ask(ctx, i.hook, "Put", func(ctx context.Context) (store.Record, error) { return i.store.Put(ctx, r) })
}

func (i intercepted) Delete(ctx context.Context, r store.Record) error {
	r = r.Clone()
	return suite.Tell(ctx, i.hook, "Delete", func(ctx context.Context) error { return i.store.Delete(ctx, r) })
}

func (i intercepted) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	f.Phases = slices.Clone(f.Phases)
	return suite.Seq(ctx, i.hook, "List", func(ctx context.Context) iter.Seq2[store.Record, error] { return i.store.List(ctx, f) })
}
