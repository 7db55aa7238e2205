package storetest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/internal/suite"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedStoreIsAStore(t *testing.T) {
	suite.Passes(t, cases(), func() fixture { return fixture{store: Intercept(memstore.New(), pass)} })
}

// abilities has all that a store can have in addition.
type abilities struct{ *memstore.Store }

func (abilities) Check(context.Context) error { return nil }

func (abilities) Audit(context.Context, bool) ([]store.Discrepancy, error) {
	return []store.Discrepancy{{Kind: "missing row"}}, nil
}

// having returns which of the optional interfaces the store implements.
func having(s store.Store) (has int) {
	if _, ok := s.(store.Registry); ok {
		has |= hasRegistry
	}
	if _, ok := s.(store.Checker); ok {
		has |= hasChecker
	}
	if _, ok := s.(store.Pauser); ok {
		has |= hasPauser
	}
	if _, ok := s.(store.Auditor); ok {
		has |= hasAuditor
	}
	return has
}

func TestInterceptForwardsWhatThereIs(t *testing.T) {
	all := abilities{memstore.New()}
	for has := range hasAuditor << 1 {
		inner := optional{has, all, all, all, all}.with(onlyStore{all})
		if got := having(inner); got != has {
			t.Fatalf("a store with the abilities %04b has %04b", has, got)
		}
		if got := having(Intercept(inner, pass)); got != has {
			t.Errorf("intercepted, a store with the abilities %04b has %04b", has, got)
		}
	}
}

func TestHookGetsEveryCall(t *testing.T) {
	suite.ProveCalls(t, func(ctx context.Context, hook suite.Hook) map[string]error {
		s := Intercept(abilities{memstore.New()}, hook)
		errs := map[string]error{"List": nil}
		_, errs["Put"] = s.Put(ctx, bound(1))
		_, errs["Get"] = s.Get(ctx, store.ByInstance("i-1"))
		for _, err := range s.List(ctx, store.Filter{}) {
			errs["List"] = err
		}
		errs["Acquire"] = s.(store.Registry).Acquire(ctx, bound(1).AllocationID)
		errs["Yield"] = s.(store.Registry).Yield(ctx, bound(1).AllocationID)
		errs["Delete"] = s.Delete(ctx, free(9))
		errs["Check"] = s.(store.Checker).Check(ctx)
		errs["Pause"] = s.(store.Pauser).Pause(ctx, "reason")
		_, _, errs["Paused"] = s.(store.Pauser).Paused(ctx)
		errs["Resume"] = s.(store.Pauser).Resume(ctx)
		_, errs["Audit"] = s.(store.Auditor).Audit(ctx, true)
		return errs
	})
}

// A call takes effect, as it was made, after its caller has given up and has
// changed what it gave.
func TestLateEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memstore.New()
		s := Intercept(inner, func(ctx context.Context, call string, do func() error) error {
			time.AfterFunc(time.Minute, func() {
				if err := do(); err != nil {
					t.Errorf("late %s: %v", call, err)
				}
			})
			<-ctx.Done()
			return ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		given := full()
		want := given.Clone()
		if r, err := s.Put(ctx, given); err != context.DeadlineExceeded || r.Version != 0 {
			t.Errorf("Put = %+v, %v, want the context's error", r, err)
		}
		scribble(&given)
		isThere := func() bool {
			found, err := inner.Get(t.Context(), store.ByInstance(want.InstanceID))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range found {
				want.Version = r.Version
				if diff := difference(want, r); diff != "" {
					t.Errorf("what took effect (- wanted, + got):\n%s", diff)
				}
			}
			return len(found) == 1
		}
		if isThere() {
			t.Error("the call took effect at once")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !isThere() {
			t.Error("the call took no effect")
		}
	})
}
