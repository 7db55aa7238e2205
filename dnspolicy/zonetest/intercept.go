package zonetest

import (
	"context"
	"iter"
	"sync"

	"github.com/eipbinder/eipbinder/dnspolicy"
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

// send makes a call and returns what do has answered, even with an error. The
// answer of a do that comes late is nobody's any more, but may come while the
// caller gets the error: hence the lock.
func send[T any](ctx context.Context, hook Hook, call string, do func(context.Context) (T, error)) (answer T, err error) {
	if err := ctx.Err(); err != nil {
		return answer, err
	}
	var mu sync.Mutex
	var latest T
	err = hook(ctx, call, func() error {
		got, err := do(context.WithoutCancel(ctx))
		mu.Lock()
		defer mu.Unlock()
		latest = got
		return err
	})
	mu.Lock()
	defer mu.Unlock()
	return latest, err
}

// ask makes a call that has an answer or an error.
func ask[T any](ctx context.Context, hook Hook, call string, do func(context.Context) (T, error)) (T, error) {
	answer, err := send(ctx, hook, call, do)
	if err != nil {
		var none T
		return none, err
	}
	return answer, nil
}

// tell makes a call that has no answer but its error.
func tell(ctx context.Context, hook Hook, call string, do func(context.Context) error) error {
	_, err := ask(ctx, hook, call, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

type intercepted struct {
	zone dnspolicy.Zone
	hook Hook
}

func (i intercepted) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	return ask(ctx, i.hook, "Lookup", func(ctx context.Context) (dnspolicy.RRSet, error) { return i.zone.Lookup(ctx, key) })
}

func (i intercepted) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	changes = cloneChanges(changes) // the caller may have changed them by the time of a late call
	return ask(ctx, i.hook, "Apply", func(ctx context.Context) (dnspolicy.Propagation, error) { return i.zone.Apply(ctx, changes) })
}

func (i intercepted) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	return tell(ctx, i.hook, "Wait", func(context.Context) error { return i.zone.Wait(ctx, p) })
}

func (i intercepted) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return func(yield func(dnspolicy.RRSet, error) bool) {
		sets, err := send(ctx, i.hook, "List", func(ctx context.Context) ([]dnspolicy.RRSet, error) { return collect(i.zone.List(ctx)) })
		if err != nil {
			sets = sets[:max(len(sets)-1, 0)]
		}
		for _, set := range sets {
			if !yield(set, nil) {
				return
			}
		}
		if err != nil {
			yield(dnspolicy.RRSet{}, err)
		}
	}
}

func collect(list iter.Seq2[dnspolicy.RRSet, error]) ([]dnspolicy.RRSet, error) {
	var sets []dnspolicy.RRSet
	for set, err := range list {
		if err != nil {
			return sets, err
		}
		sets = append(sets, set)
	}
	return sets, nil
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
	return tell(ctx, i.hook, "Check", func(ctx context.Context) error { return i.checker.Check(ctx, suffix) })
}
