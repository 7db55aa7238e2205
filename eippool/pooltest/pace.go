package pooltest

import (
	"context"
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

func paceCases() []testCase {
	return []testCase{
		{Name: "pace", Contract: "Pace returns a context for one call of Associate.", Run: pace},
		{Name: "pace-unused", Contract: "done gives back a turn that was not used.", Run: paceUnused},
		{Name: "pace-late", Contract: "If the turn would come only after the deadline of ctx, Pace returns a *LateError at once.", Run: paceLate},
		{Name: "pace-cancelled", Contract: "If ctx ends, Pace returns its error as it is; paced and done are nil.", Run: paceCancelled},
	}
}

func (f Fixture) pacer(t tb) eippool.Pacer {
	t.Helper()
	p, ok := f.Pool.(eippool.Pacer)
	if !ok {
		t.Skipf("the pool is no eippool.Pacer")
	}
	return p
}

// callerKey is the key of a value that the caller's context has.
type callerKey struct{}

func pace(t tb, f Fixture) {
	pacer, id, target := f.pacer(t), f.add(1)[0], f.AddTarget("running")
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), callerKey{}, "caller"))
	defer cancel()
	paced, done, err := pacer.Pace(ctx)
	if err != nil {
		t.Fatalf("Pace: %v", err)
	}
	defer done()
	if _, err := f.Pool.Associate(paced, id, target); err != nil {
		t.Errorf("Associate under the context of Pace: %v", err)
	}
	if paced.Value(callerKey{}) != "caller" {
		t.Errorf("the context of Pace has not the values of the caller's")
	}
	if cancel(); paced.Err() == nil {
		t.Errorf("the context of Pace does not end with the caller's")
	}
}

// takeTurn is a Pacer's method.
type takeTurn func(context.Context) (paced context.Context, done func(), err error)

// paces are the methods by which the pool gives turns, by their names.
func (f Fixture) paces(t tb) map[string]takeTurn {
	paces := map[string]takeTurn{"Pace": f.pacer(t).Pace}
	if p, ok := f.Pool.(eippool.DisassociationPacer); ok {
		paces["PaceDisassociate"] = p.PaceDisassociate
	}
	return paces
}

// paceUnused takes more turns than any burst has, and at most one at a time.
func paceUnused(t tb, f Fixture) {
	for name, take := range f.paces(t) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		for range pages {
			_, done, err := take(ctx)
			if err != nil {
				t.Fatalf("%s, after all turns before were given back: %v", name, err)
			}
			done()
			done()
		}
	}
}

func paceLate(t tb, f Fixture) {
	pacer := f.pacer(t)
	if f.UseUpTurns == nil {
		t.Skipf("the fixture has no UseUpTurns")
	}
	f.UseUpTurns()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	paced, done, err := pacer.Pace(ctx)
	var late *eippool.LateError
	if !errors.As(err, &late) || !errors.Is(err, eippool.ErrThrottled) || late.RetryAfter < 30*time.Second {
		t.Errorf("Pace = %v where no turn comes for a minute, with a deadline in half a minute; want a LateError of a minute or so", err)
	}
	if ctx.Err() != nil || paced != nil || done != nil {
		t.Errorf("Pace returns a LateError, but only after the deadline, or with something else besides")
	}
}

func paceCancelled(t tb, f Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, take := range f.paces(t) {
		if paced, done, err := take(ctx); !sameError(err, context.Canceled) || paced != nil || done != nil {
			t.Errorf("%s with a cancelled context = %v, %v; want %v as it is, alone", name, paced, err, context.Canceled)
		}
	}
}

// sameError reports whether err is want itself and does not wrap it.
func sameError(err, want error) bool { return errors.Is(err, want) && errors.Unwrap(err) == nil }
