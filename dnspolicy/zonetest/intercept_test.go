package zonetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedZoneIsAZone(t *testing.T) {
	Run(t, func(*testing.T) Fixture {
		f := newBroken(none).fixture()
		f.Zone, f.Missing = Intercept(f.Zone, pass), Intercept(f.Missing, pass)
		return f
	}, func(o *Options) { o.Bubble = true })
}

func TestInterceptForwardsWhatThereIs(t *testing.T) {
	all := newBroken(none)
	if _, ok := Intercept(all, pass).(dnspolicy.Checker); !ok {
		t.Error("intercepted, a Checker is none")
	}
	if _, ok := Intercept(onlyZone{all}, pass).(dnspolicy.Checker); ok {
		t.Error("intercepted, a zone that is no Checker is one")
	}
}

func media() dnspolicy.RRSet { return Fixture{Name: zoneName}.a("media", "192.0.2.1") }

// everyCall makes one call of each method and returns their errors.
func everyCall(ctx context.Context, z dnspolicy.Zone) map[string]error {
	errs := map[string]error{}
	var p dnspolicy.Propagation
	p, errs["Apply"] = z.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(media())})
	errs["Wait"] = z.Wait(ctx, p)
	_, errs["Lookup"] = z.Lookup(ctx, media().RRKey)
	for _, err := range z.List(ctx) {
		errs["List"] = err
	}
	errs["Check"] = z.(dnspolicy.Checker).Check(ctx, zoneName)
	return errs
}

func TestHookGetsEveryCallByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		z := Intercept(newBroken(none), func(_ context.Context, call string, do func() error) error {
			calls = append(calls, call)
			return do()
		})
		for call, err := range everyCall(t.Context(), z) {
			if err != nil {
				t.Errorf("%s: %v", call, err)
			}
		}
		if want := strings.Fields("Apply Wait Lookup List Check"); !slices.Equal(calls, want) {
			t.Errorf("the hook got %v, want %v", calls, want)
		}
	})
}

func TestHookFailsEveryCall(t *testing.T) {
	down := errors.New("down")
	inner := newBroken(none)
	errs := everyCall(t.Context(), Intercept(inner, func(context.Context, string, func() error) error { return down }))
	for call, err := range errs {
		if err != down {
			t.Errorf("%s = %v, want the hook's error", call, err)
		}
	}
	if left := inner.current(media().RRKey); len(errs) != 5 || left != nil {
		t.Errorf("of %d calls that were failed something came through: %v", len(errs), left)
	}
}

func TestCallsThatAreCancelledDoNotReachTheHook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	z := Intercept(newBroken(none), func(_ context.Context, call string, do func() error) error {
		t.Errorf("the hook got %s", call)
		return do()
	})
	for call, err := range everyCall(ctx, z) {
		if err != context.Canceled {
			t.Errorf("%s = %v, want context.Canceled", call, err)
		}
	}
}

func TestLostReply(t *testing.T) {
	lost := errors.New("lost")
	inner := newBroken(none)
	z := Intercept(inner, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), lost) })
	if p, err := z.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(media())}); !errors.Is(err, lost) || p != "" {
		t.Errorf("Apply = %q, %v, want the error alone", p, err)
	}
	if set, err := z.Lookup(t.Context(), media().RRKey); !errors.Is(err, lost) || set.Name != "" {
		t.Errorf("Lookup = %v, %v, want the error alone", set, err)
	}
	if there := inner.current(media().RRKey); there == nil || !there.Equal(media()) {
		t.Errorf("the Apply whose reply was lost left %v", there)
	}
}

func TestListThatFailsOnItsWay(t *testing.T) {
	broke := errors.New("the second page failed")
	for title, test := range map[string]struct {
		sets, want int
		hook       Hook
	}{
		"after":           {3, 2, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), broke) }},
		"before":          {3, 0, func(context.Context, string, func() error) error { return broke }},
		"after, if empty": {0, 0, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), broke) }},
	} {
		inner := newBroken(none)
		if _, err := inner.Apply(t.Context(), create(Fixture{Name: zoneName}.many(test.sets))); err != nil {
			t.Fatal(err)
		}
		listed := 0
		var last error
		for _, err := range Intercept(inner, test.hook).List(t.Context()) {
			if last = err; err == nil {
				listed++
			}
		}
		if listed != test.want || !errors.Is(last, broke) {
			t.Errorf("failed %s: List yields %d record sets, then %v, want %d, then the error", title, listed, last, test.want)
		}
	}
}

// A call takes effect, as it was made, after its caller has given up and has
// changed what it gave.
func TestLateEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newBroken(none)
		z := Intercept(inner, func(ctx context.Context, call string, do func() error) error {
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
		given := []dnspolicy.Change{dnspolicy.Create(media())}
		if p, err := z.Apply(ctx, given); err != context.DeadlineExceeded || p != "" {
			t.Errorf("Apply = %q, %v, want the context's error", p, err)
		}
		given[0].After.Values[0] = "192.0.2.9"
		if there := inner.current(media().RRKey); there != nil {
			t.Errorf("the call took effect at once: %v", there)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if there := inner.current(media().RRKey); there == nil || !there.Equal(media()) {
			t.Errorf("what took effect is %v, want %v", there, media())
		}
	})
}

// The race detector looks on.
func TestLateEffectWhileTheCallerReturns(t *testing.T) {
	done := make(chan error)
	z := Intercept(newBroken(none), func(_ context.Context, _ string, do func() error) error {
		go func() { done <- do() }()
		return context.DeadlineExceeded
	})
	for _, set := range (Fixture{Name: zoneName}).many(20) {
		if _, err := z.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(set)}); err != context.DeadlineExceeded {
			t.Errorf("Apply = %v, want the hook's error", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A Wait changes nothing and ends with its caller.
func TestWaitEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := Intercept(newBroken(none), pass)
		p, err := z.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(media())})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := z.Wait(ctx, p); err != context.DeadlineExceeded || time.Since(start) != time.Second {
			t.Errorf("Wait = %v after %s, want the context's error at its end", err, time.Since(start))
		}
	})
}

// A message that is delivered twice takes effect twice, as far as it can.
func TestRepeatedCall(t *testing.T) {
	z := Intercept(newBroken(none), func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), do()) })
	_, err := z.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(media())})
	var conflict *dnspolicy.ConflictError
	if !errors.As(err, &conflict) || conflict.Actual == nil || !conflict.Actual.Equal(media()) {
		t.Errorf("Apply = %v, want a conflict with what it has made itself", err)
	}
}
