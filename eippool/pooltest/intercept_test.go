package pooltest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
)

func pass(_ context.Context, _ string, do func() error) error { return do() }

func TestInterceptedPoolIsAPool(t *testing.T) {
	Run(t, func(*testing.T) Fixture {
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

// account is a pool with one free address and a running target.
func account() (pool *mempool.Pool, id string, target eippool.Target) {
	pool = mempool.New()
	target = eippool.Target{InstanceID: "i-1", NetworkInterfaceID: "eni-1"}
	pool.SetTarget(target, mempool.Running)
	return pool, pool.Add(eippool.Address{}).AllocationID, target
}

// everyCall makes one call of each method and returns their errors.
func everyCall(ctx context.Context, p eippool.Pool, id string, target eippool.Target) map[string]error {
	errs := map[string]error{}
	_, errs["List"] = p.List(ctx)
	_, errs["Lookup"] = p.Lookup(ctx, id)
	_, errs["Associate"] = p.Associate(ctx, id, target)
	errs["Disassociate"] = p.Disassociate(ctx, "eipassoc-0123456789abcdef0")
	_, errs["Allocate"] = p.(eippool.Allocator).Allocate(ctx)
	errs["Release"] = p.(eippool.Allocator).Release(ctx, absentID)
	errs["SetReverseName"] = p.(eippool.ReverseNamer).SetReverseName(ctx, id, "media.example.com.")
	errs["ClearReverseName"] = p.(eippool.ReverseNamer).ClearReverseName(ctx, id)
	return errs
}

func TestHookGetsEveryCallByName(t *testing.T) {
	var calls []string
	pool, id, target := account()
	p := Intercept(pool, func(_ context.Context, call string, do func() error) error {
		calls = append(calls, call)
		return do()
	})
	for call, err := range everyCall(t.Context(), p, id, target) {
		if err != nil {
			t.Errorf("%s: %v", call, err)
		}
	}
	want := strings.Fields("List Lookup Associate Disassociate Allocate Release SetReverseName ClearReverseName")
	if !slices.Equal(calls, want) {
		t.Errorf("the hook got %v, want %v", calls, want)
	}
}

func TestHookFailsEveryCall(t *testing.T) {
	down := errors.New("down")
	pool, id, target := account()
	errs := everyCall(t.Context(), Intercept(pool, func(context.Context, string, func() error) error { return down }), id, target)
	for call, err := range errs {
		if err != down {
			t.Errorf("%s = %v, want the hook's error", call, err)
		}
	}
	if left, err := pool.List(t.Context()); len(errs) != 8 || err != nil || len(left) != 1 || left[0].Associated() {
		t.Errorf("of %d calls that were failed something came through: %v, %v", len(errs), left, err)
	}
}

func TestCallsThatAreCancelledDoNotReachTheHook(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pool, id, target := account()
	p := Intercept(pool, func(_ context.Context, call string, do func() error) error {
		t.Errorf("the hook got %s", call)
		return do()
	})
	for call, err := range everyCall(ctx, p, id, target) {
		if err != context.Canceled {
			t.Errorf("%s = %v, want context.Canceled", call, err)
		}
	}
}

func TestLostReply(t *testing.T) {
	lost := errors.New("lost")
	pool, id, target := account()
	p := Intercept(pool, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), lost) })
	if associationID, err := p.Associate(t.Context(), id, target); !errors.Is(err, lost) || associationID != "" {
		t.Errorf("Associate = %q, %v, want the error alone", associationID, err)
	}
	if found, err := p.Lookup(t.Context(), id); !errors.Is(err, lost) || found != nil {
		t.Errorf("Lookup = %v, %v, want the error alone", found, err)
	}
	if found, err := pool.Lookup(t.Context(), id); err != nil || len(found) != 1 || !found[0].HeldBy(target) {
		t.Errorf("the Associate whose reply was lost left %v, %v", found, err)
	}
}

// A call takes effect, as it was made, after its caller has given up.
func TestLateEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, id, target := account()
		p := Intercept(pool, func(ctx context.Context, call string, do func() error) error {
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
		if associationID, err := p.Associate(ctx, id, target); err != context.DeadlineExceeded || associationID != "" {
			t.Errorf("Associate = %q, %v, want the context's error", associationID, err)
		}
		if _, held := pool.HeldBy(target.NetworkInterfaceID); held {
			t.Error("the call took effect at once")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, held := pool.HeldBy(target.NetworkInterfaceID); !held {
			t.Error("the call took no effect")
		}
	})
}

// The race detector looks on, also at the IDs, which the caller changes.
func TestLateEffectWhileTheCallerReturns(t *testing.T) {
	pool, id, _ := account()
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

// A message that is delivered twice takes effect twice, as far as it can.
func TestRepeatedCall(t *testing.T) {
	pool := mempool.New(func(o *mempool.Options) { o.Limit = 3 })
	p := Intercept(pool, func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), do()) })
	bought, err := p.(eippool.Allocator).Allocate(t.Context())
	list, listErr := pool.List(t.Context())
	if err != nil || listErr != nil || len(list) != 2 {
		t.Errorf("Allocate = %v, %v; then there are %v, %v, want two", bought, err, list, listErr)
	}
}
