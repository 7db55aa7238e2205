package zonetest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/internal/suite"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedZoneIsAZone(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture {
		f := newBroken(none).fixture()
		f.Zone, f.Missing = Intercept(f.Zone, pass), Intercept(f.Missing, pass)
		return f
	})
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

func TestHookGetsEveryCall(t *testing.T) {
	suite.ProveCalls(t, func(ctx context.Context, hook suite.Hook) map[string]error {
		z := Intercept(newBroken(none), hook)
		errs := map[string]error{"List": nil}
		var p dnspolicy.Propagation
		p, errs["Apply"] = z.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(media())})
		errs["Wait"] = z.Wait(ctx, p)
		_, errs["Lookup"] = z.Lookup(ctx, media().RRKey)
		for _, err := range z.List(ctx) {
			errs["List"] = err
		}
		errs["Check"] = z.(dnspolicy.Checker).Check(ctx, zoneName)
		return errs
	})
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
