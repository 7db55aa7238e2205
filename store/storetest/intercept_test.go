package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedStoreIsAStore(t *testing.T) {
	Run(t, func(*testing.T) store.Store { return Intercept(memstore.New(), pass) })
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

// everyCall makes one call of each method and returns their errors.
func everyCall(ctx context.Context, s store.Store) map[string]error {
	errs := map[string]error{}
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
}

func TestHookGetsEveryCallByName(t *testing.T) {
	var calls []string
	s := Intercept(abilities{memstore.New()}, func(_ context.Context, call string, do func() error) error {
		calls = append(calls, call)
		return do()
	})
	for call, err := range everyCall(t.Context(), s) {
		if err != nil {
			t.Errorf("%s: %v", call, err)
		}
	}
	want := strings.Fields("Put Get List Acquire Yield Delete Check Pause Paused Resume Audit")
	if !slices.Equal(calls, want) {
		t.Errorf("the hook got %v, want %v", calls, want)
	}
}

func TestHookFailsEveryCall(t *testing.T) {
	down := errors.New("down")
	inner := abilities{memstore.New()}
	s := Intercept(inner, func(context.Context, string, func() error) error { return down })
	errs := everyCall(t.Context(), s)
	for call, err := range errs {
		if err != down {
			t.Errorf("%s = %v, want the hook's error", call, err)
		}
	}
	if left, err := inner.Get(t.Context(), store.ByAddress(bound(1).AllocationID)); len(errs) != 11 || len(left) > 0 || err != nil {
		t.Errorf("of %d calls that were failed something came through: %v, %v", len(errs), left, err)
	}
}

func TestCallsThatAreCancelledDoNotReachTheHook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := Intercept(abilities{memstore.New()}, func(_ context.Context, call string, do func() error) error {
		t.Errorf("the hook got %s", call)
		return do()
	})
	for call, err := range everyCall(ctx, s) {
		if err != context.Canceled {
			t.Errorf("%s = %v, want context.Canceled", call, err)
		}
	}
}

func TestLostReply(t *testing.T) {
	lost := errors.New("lost")
	inner := abilities{memstore.New()}
	s := Intercept(inner, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), lost) })
	r, err := s.Put(t.Context(), bound(1))
	if !errors.Is(err, lost) || r.Version != 0 {
		t.Errorf("Put = %+v, %v, want the error alone", r, err)
	}
	found, err := s.Get(t.Context(), store.ByInstance("i-1"))
	if !errors.Is(err, lost) || found != nil {
		t.Errorf("Get = %v, %v, want the error alone", found, err)
	}
	paused, reason, err := s.(store.Pauser).Paused(t.Context())
	if !errors.Is(err, lost) || paused || reason != "" {
		t.Errorf("Paused = %t, %q, %v, want the error alone", paused, reason, err)
	}
	if stored, err := inner.Get(t.Context(), store.ByInstance("i-1")); len(stored) != 1 || err != nil {
		t.Errorf("the Put whose reply was lost left %v, %v", stored, err)
	}
}

func TestListThatFailsOnItsWay(t *testing.T) {
	broke := errors.New("the second page failed")
	for title, test := range map[string]struct {
		records, want int
		hook          Hook
	}{
		"after":           {3, 2, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), broke) }},
		"before":          {3, 0, func(context.Context, string, func() error) error { return broke }},
		"after, if empty": {0, 0, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), broke) }},
	} {
		inner := memstore.New()
		for n := range test.records {
			if _, err := inner.Put(t.Context(), free(n)); err != nil {
				t.Fatal(err)
			}
		}
		var listed []store.Record
		var last error
		for r, err := range Intercept(inner, test.hook).List(t.Context(), store.Filter{}) {
			if last = err; err == nil {
				listed = append(listed, r)
			}
		}
		if len(listed) != test.want || !errors.Is(last, broke) {
			t.Errorf("failed %s: List yields %d records, then %v, want %d, then the error", title, len(listed), last, test.want)
		}
	}
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

// The race detector looks on.
func TestLateEffectWhileTheCallerReturns(t *testing.T) {
	done := make(chan error)
	s := Intercept(memstore.New(), func(_ context.Context, _ string, do func() error) error {
		go func() { done <- do() }()
		return context.DeadlineExceeded
	})
	for n := range 20 {
		if _, err := s.Put(t.Context(), free(n)); err != context.DeadlineExceeded {
			t.Errorf("Put = %v, want the hook's error", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A message that is delivered twice takes effect twice, as far as it can.
func TestRepeatedCall(t *testing.T) {
	s := Intercept(memstore.New(), func(_ context.Context, _ string, do func() error) error {
		return errors.Join(do(), do())
	})
	if r, err := s.Put(t.Context(), bound(1)); err != nil || r.Version != 1 {
		t.Errorf("Put = %+v, %v, want success: the repetition is recognised", r, err)
	}
	if err := s.(store.Registry).Acquire(t.Context(), bound(1).AllocationID); !errors.Is(err, store.ErrAllocated) {
		t.Errorf("Acquire = %v, want ErrAllocated", err)
	}
}
