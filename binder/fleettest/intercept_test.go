package fleettest

import (
	"context"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/internal/suite"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedFleetIsAFleet(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture {
		f := newBroken(none).fixture()
		f.Fleet = Intercept(f.Fleet, pass)
		return f
	})
}

func TestHookGetsEveryCall(t *testing.T) {
	suite.ProveCalls(t, func(ctx context.Context, hook suite.Hook) map[string]error {
		fleet := memfleet.New()
		fleet.Launch(binder.Instance{ID: "i-1"})
		f := Intercept(fleet, hook)
		errs := map[string]error{"List": nil}
		_, errs["Describe"] = f.Describe(ctx, "i-1")
		for _, errs["List"] = range f.List(ctx) {
			continue // to the last
		}
		return errs
	})
}

// A late call is the one that was made, whatever the caller does with its IDs
// meanwhile; the race detector looks on.
func TestLateCallWhileTheCallerReturns(t *testing.T) {
	done := make(chan error)
	f := Intercept(memfleet.New(), func(_ context.Context, _ string, do func() error) error {
		go func() { done <- do() }()
		return context.DeadlineExceeded
	})
	for range 20 {
		ids := []string{"i-1"}
		if _, err := f.Describe(t.Context(), ids...); err != context.DeadlineExceeded {
			t.Errorf("Describe = %v, want the hook's error", err)
		}
		ids[0] = absentID
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
