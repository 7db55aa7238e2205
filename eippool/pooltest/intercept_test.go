package pooltest

import (
	"context"
	"testing"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/internal/suite"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedPoolIsAPool(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture {
		f := newBroken(none).fixture()
		f.Pool = Intercept(f.Pool, pass)
		return f
	})
}

func TestInterceptForwardsWhatThereIs(t *testing.T) {
	pool := mempool.New()
	for _, p := range []eippool.Pool{
		pool,
		onlyPool{pool},
		struct {
			onlyPool
			eippool.Allocator
		}{onlyPool{pool}, pool},
		struct {
			onlyPool
			eippool.ReverseNamer
		}{onlyPool{pool}, pool},
	} {
		_, buys := p.(eippool.Allocator)
		_, names := p.(eippool.ReverseNamer)
		_, stillBuys := Intercept(p, pass).(eippool.Allocator)
		_, stillNames := Intercept(p, pass).(eippool.ReverseNamer)
		if stillBuys != buys || stillNames != names {
			t.Errorf("Allocator %t, ReverseNamer %t; intercepted: %t, %t", buys, names, stillBuys, stillNames)
		}
	}
}

func TestHookGetsEveryCall(t *testing.T) {
	suite.ProveCalls(t, func(ctx context.Context, hook suite.Hook) map[string]error {
		pool := mempool.New()
		target := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: "eni-1"}
		pool.SetTarget(target, mempool.Running)
		id, p := pool.Add(eippool.Address{}).AllocationID, Intercept(pool, hook)
		errs := map[string]error{}
		_, errs["List"] = p.List(ctx)
		_, errs["Lookup"] = p.Lookup(ctx, id)
		_, errs["Associate"] = p.Associate(ctx, id, target)
		errs["Disassociate"] = p.Disassociate(ctx, absentAssociationID)
		_, errs["Allocate"] = p.(eippool.Allocator).Allocate(ctx)
		errs["Release"] = p.(eippool.Allocator).Release(ctx, absentID)
		errs["SetReverseName"] = p.(eippool.ReverseNamer).SetReverseName(ctx, id, "media.example.com.")
		errs["ClearReverseName"] = p.(eippool.ReverseNamer).ClearReverseName(ctx, id)
		return errs
	})
}

// A late call is the one that was made, whatever the caller does with its IDs
// meanwhile; the race detector looks on.
func TestLateEffectWhileTheCallerReturns(t *testing.T) {
	pool := mempool.New()
	id := pool.Add(eippool.Address{}).AllocationID
	done := make(chan error)
	p := Intercept(pool, func(_ context.Context, _ string, do func() error) error {
		go func() { done <- do() }()
		return context.DeadlineExceeded
	})
	for range 20 {
		ids := []string{id}
		if _, err := p.Lookup(t.Context(), ids...); err != context.DeadlineExceeded {
			t.Errorf("Lookup = %v, want the hook's error", err)
		}
		ids[0] = absentID
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
