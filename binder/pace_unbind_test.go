package binder_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// namedBy is how the names of a world are made.
type namedBy struct {
	policy dnspolicy.Policy
	keep   bool
	sync   time.Duration // of a removal
}

func namedByAll() map[string]namedBy {
	return map[string]namedBy{
		"names of instances": {dnspolicy.InstanceID(), false, 30 * time.Second},
		"kept names":         {dnspolicy.PerAddress(dnspolicy.DashedIP()), true, 0},
	}
}

// endingWorld is one of bound workers that are shutting down, and its pool.
func endingWorld(t *testing.T, workers int, names namedBy) (*world, *slowPool, *binder.Binder, []string) {
	w := newWorld(t, workers)
	p := newSlowPool(w)
	b, err := binder.New(binder.Backends{
		Fleet: hookedFleet{w}, Pool: p, Policy: names.policy, Zone: hookedZone{w}, Store: hookedStore{w},
	}, func(o *binder.Options) {
		o.Suffix, o.KeepNames, o.Concurrency, o.Lease = suffix, names.keep, 4, 10*time.Second
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, workers)
	for n := range ids {
		ids[n] = fmt.Sprintf("i-%02d", n)
		w.launch(ids[n])
	}
	if _, err := b.Reconcile(t.Context(), ids...); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Hour)
	for _, id := range ids {
		w.fleet.SetState(id, binder.ShuttingDown)
	}
	return w, p, b, ids
}

// inQueue counts the records that are leased, with nothing left to do but to
// disassociate.
func (w *world) inQueue() (leased, visible int) {
	held := map[string]bool{}
	for _, a := range w.addresses() {
		held[a.AllocationID] = a.Associated()
	}
	for _, r := range w.records() {
		if r.Visible() {
			visible++
		}
		unnamed := r.KeepName || r.Unpublished && r.InSync
		if r.Phase == store.Releasing && unnamed && held[r.AllocationID] && r.Leased(time.Now()) {
			leased++
		}
	}
	return leased, visible
}

// Forty workers wait for their turns to be disassociated: they are hidden at
// once, and none of them holds a lease or a slot meanwhile.
func TestTurnsToDisassociateComeBeforeLeases(t *testing.T) {
	for name, names := range namedByAll() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p, b, ids := endingWorld(t, 40, names)
				began, most := time.Now(), 0
				w.hook = func(call string, do func() error) error {
					leased, visible := w.inQueue()
					w.mu.Lock()
					most = max(most, leased)
					w.mu.Unlock()
					if waited := time.Since(began); visible > 0 && waited > 0 {
						t.Errorf("%d workers are still visible after %s", visible, waited)
					}
					return do()
				}
				outcomes, err := b.Reconcile(t.Context(), ids...)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range outcomes {
					want(t, o, binder.Unbound)
				}
				if took := time.Since(began); took != 39*time.Second+names.sync {
					t.Errorf("took %s", took)
				}
				if most > 1 {
					t.Errorf("%d leases were held in the queue", most)
				}
				if p.unpaced > 0 || p.turns != 0 || p.returned > 0 {
					t.Errorf("%d calls without a turn, %d turns kept, %d given back unused", p.unpaced, p.turns, p.returned)
				}
			})
		})
	}
}

// One that would wait for too long is handed back, unleased, and goes on with
// the next call.
func TestTurnToDisassociateThatComesTooLate(t *testing.T) {
	for name, names := range namedByAll() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p, b, ids := endingWorld(t, 40, names)
				ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second+names.sync)
				defer cancel()
				outcomes, err := b.Reconcile(ctx, ids...)
				if err != nil {
					t.Fatal(err)
				}
				waiting := 0
				for _, o := range outcomes {
					if o.Status != binder.Unbound {
						want(t, o, binder.NotReady)
						waiting++
					}
				}
				held := 0
				for _, a := range w.addresses() {
					if a.Associated() {
						held++
					}
				}
				for _, r := range w.records() {
					if r.Owner != "" {
						t.Errorf("a lease is left: %+v", r)
					}
				}
				if waiting < 10 || waiting > 30 || held != waiting || p.turns != 0 || p.unpaced > 0 {
					t.Errorf("%d waiting, %d addresses held, %d turns kept, %d calls without", waiting, held, p.turns, p.unpaced)
				}
				if _, err := b.Reconcile(t.Context(), ids...); err != nil || len(w.records()) != 40 {
					t.Errorf("the next call: %v", err)
				}
				for _, a := range w.addresses() {
					if a.Associated() {
						t.Errorf("%s is still associated", a.IP)
					}
				}
			})
		})
	}
}

// A worker that is unbound and bound anew in one call has a turn for each.
func TestTurnsOfBothKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p, b, _ := endingWorld(t, 1, namedByAll()["names of instances"])
		w.fleet.SetState("i-00", binder.Running)
		w.pool.Add(eippool.Address{AllocationID: "eipalloc-spare", IP: w.addresses()[0].IP.Next()})
		o, err := b.Unbind(t.Context(), "i-00", func(o *binder.UnbindOptions) { o.Force = true })
		if err != nil {
			t.Fatal(err)
		}
		want(t, o, binder.Unbound)
		want(t, reconcile(t, b, "i-00"), binder.Bound)
		if p.unpaced > 0 || p.turns != 0 || p.returned > 0 {
			t.Errorf("%d calls without a turn, %d turns kept, %d given back unused", p.unpaced, p.turns, p.returned)
		}
	})
}
