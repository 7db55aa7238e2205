package binder_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
)

// What a review found about slots, turns and addresses that instances hold.

// neverPool has no turn before its caller ends.
type neverPool struct{ hookedPool }

func (p neverPool) Pace(ctx context.Context) (context.Context, func(), error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

// A call that is cancelled, as at the end of a process, hands back what waits for
// its turn: it has not begun, and is no failure.
func TestCancelledInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		w.launch("i-2")
		b, err := binder.New(binder.Backends{Fleet: w.fleet, Pool: neverPool{hookedPool{w}}, Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: w.store},
			func(o *binder.Options) { o.Suffix = suffix })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		outcomes, err := b.Reconcile(ctx, "i-1", "i-2")
		if err != nil || len(w.records()) != 0 {
			t.Errorf("%v, %d records, want neither", err, len(w.records()))
		}
		for _, o := range outcomes {
			if o.Status != binder.NotReady {
				t.Errorf("%+v, want %s", o, binder.NotReady)
			}
		}
	})
}

// An address that its instance holds already, by a late call, is not given to
// another one because the store fails once.
func TestAnOwnAddressIsNobodyElses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder(func(o *binder.Options) { o.Concurrency = 1 })
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		held := *w.record("i-1")
		for range 4 {
			if _, err := b.Unbind(t.Context(), "i-1", func(o *binder.UnbindOptions) { o.Force = true }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		late := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: held.NetworkInterfaceID}
		if _, err := w.pool.Associate(t.Context(), held.AllocationID, late); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.launch("i-2")
		broken := false
		w.hook = func(call string, do func() error) error {
			if call == "store.Put" && !broken {
				broken = true
				return errors.New("throttled")
			}
			return do()
		}
		for range 2 {
			_, _ = b.Sweep(t.Context()) // the first fails for i-1, and both have nothing for i-2
			time.Sleep(10 * time.Minute)
		}
		if r := w.record("i-1"); !broken || r == nil || r.AllocationID != held.AllocationID || !r.Visible() {
			t.Errorf("record of the instance that holds %s: %+v", held.AllocationID, r)
		}
	})
}

// Who waits for the holder of a wanted name to go keeps no slot meanwhile.
func TestWaitingForAHolderKeepsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		policy := dnspolicy.PolicyFunc(func(s dnspolicy.Subject) ([]string, error) {
			if s.InstanceID == "i-old" || s.InstanceID == "i-new" {
				return []string{"sfu-1"}, nil
			}
			return []string{s.InstanceID}, nil
		})
		w.launch("i-old")
		b := w.binderWith(policy, func(o *binder.Options) { o.Concurrency = 1 })
		want(t, reconcile(t, b, "i-old"), binder.Bound)
		time.Sleep(time.Hour)
		w.fleet.SetState("i-old", binder.Terminated)
		w.launch("i-new")
		w.launch("i-b")
		began := time.Now()
		go func() {
			time.Sleep(45 * time.Second) // in sync takes 30 s
			if r := w.record("i-b"); r == nil || !r.Visible() {
				t.Errorf("after %s another worker is not bound: %+v", time.Since(began), r)
			}
		}()
		if outcomes, err := b.Reconcile(t.Context(), "i-new", "i-b"); err != nil {
			t.Errorf("%+v, %v", outcomes, err)
		}
	})
}
