package binder_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// What a review found about names that stay with their addresses, and about
// names that are left over.

func dottedKeeper(w *world) *binder.Binder {
	return w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()), func(o *binder.Options) { o.KeepNames = true })
}

func sweepDespiteFindings(b *binder.Binder) { _, _ = b.Sweep(context.Background()) }

// Another policy before the next sweep: the old name goes with the binding.
func TestAnotherPolicyForgetsNoKeptName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.launch("i-1")
		want(t, reconcile(t, dottedKeeper(w), "i-1"), binder.Bound)
		for range 3 {
			sweep(t, dottedKeeper(w))
			time.Sleep(10 * time.Minute)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, dottedKeeper(w), "i-1", binder.Unbound)
		if names := w.names(); !slices.Equal(names, []string{"203.0.113.0." + suffix}) {
			t.Errorf("names: %v", names)
		}
	})
}

// Names that are not kept any more go with the next binding.
func TestNamesThatAreNotKeptAnyMoreGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.launch("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, w.binder(), "i-1"), binder.Unbound)
		w.pool.Remove("eipalloc-000")
		for range 4 {
			sweep(t, w.binder())
			time.Sleep(10 * time.Minute)
		}
		if names := w.names(); len(names) != 0 {
			t.Errorf("names: %v", names)
		}
	})
}

// Another TTL before the next sweep: the name stays as it is published.
func TestAnotherTTLBindsWithTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.launch("i-1")
		b := w.keeper(func(o *binder.Options) { o.TTL = 5 * time.Minute })
		_, _ = b.Reconcile(t.Context(), "i-1")
		for range 6 {
			sweepDespiteFindings(b)
			time.Sleep(10 * time.Minute)
		}
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound {
			t.Errorf("stuck: %+v", r)
		}
	})
}

// Names that give way to others count as taken back.
func TestReplacingNamesCountsForTheBlastRadius(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 60)
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		b := w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()), func(o *binder.Options) { o.KeepNames, o.BlastRadius = true, 0 })
		_, err := b.Sweep(t.Context())
		left := 0
		for _, n := range w.names() {
			if n[:2] == "ip" {
				left++
			}
		}
		if !errors.Is(err, binder.ErrBlastRadius) || left != 60 {
			t.Errorf("%d names removed with a cap of 0", 60-left)
		}
	})
}

// A publication that the SDK tried again lands after its address was freed.
func TestRetiringWaitsForLatePublications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTaggedWorld(t, 1)
		w.launch("i-1")
		w.lateApply(285*time.Second, true)
		untilDone(t, w.keeper(), "i-1", binder.Bound)
		w.hook = nil
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, w.keeper(), "i-1", binder.Unbound, binder.Gone)
		w.pool.SetTags("eipalloc-000", nil)
		sweep(t, w.keeper())
		time.Sleep(10 * time.Minute)
		for range 3 {
			sweep(t, w.keeper())
			time.Sleep(10 * time.Minute)
		}
		if len(w.names()) != 0 {
			t.Errorf("names %v", w.names())
		}
	})
}

// The same, and the address is given back by hand.
func TestForgettingWaitsForLatePublications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.lateApply(355*time.Second, true)
		untilDone(t, w.keeper(), "i-1", binder.Bound)
		w.hook = nil
		w.fleet.SetState("i-1", binder.Terminated)
		w.pool.Remove("eipalloc-000")
		untilDone(t, w.keeper(), "i-1", binder.Unbound, binder.Gone)
		start := time.Now()
		for len(w.records()) > 0 && time.Since(start) < time.Hour {
			sweepDespiteFindings(w.keeper())
			time.Sleep(5 * time.Second)
		}
		time.Sleep(10 * time.Minute)
		for range 3 {
			sweepDespiteFindings(w.keeper())
			time.Sleep(10 * time.Minute)
		}
		if len(w.names()) != 0 {
			t.Errorf("names %v", w.names())
		}
	})
}

// One list that leaves an address out proves nothing.
func TestOneListWithoutAnAddressRetiresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTaggedWorld(t, 2)
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.hook = func(call string, do func() error) error {
			if call == "pool.List" {
				return nil // lagging: without the addresses
			}
			return do()
		}
		sweepDespiteFindings(w.keeper())
		w.hook = nil
		if len(w.names()) != 2 {
			t.Errorf("names %v", w.names())
		}
	})
}

// A name that a Free record explains does not keep another worker out.
func TestOrphanGivesWayToWhoWantsItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		mk := func() *binder.Binder { return w.binderWith(names("worker")) }
		w.launch("i-1")
		untilDone(t, mk(), "i-1", binder.Bound)
		orphan := w.published("i-1")
		time.Sleep(time.Hour)
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, mk(), "i-1", binder.Unbound)
		if err := w.zone.Set(orphan); err != nil {
			t.Fatal(err)
		}
		w.launch("i-2")
		_, _ = mk().Reconcile(t.Context(), "i-2")
		for range 4 {
			time.Sleep(10 * time.Minute)
			sweepDespiteFindings(mk())
		}
		if r := w.record("i-2"); r == nil || r.Phase != store.Bound {
			t.Errorf("%+v", r)
		}
	})
}

// The same, where the SDK tried a publication again.
func TestLatePublicationGivesWayToWhoWantsItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		mk := func() *binder.Binder { return w.binderWith(names("worker")) }
		w.launch("i-1")
		w.lateApply(200*time.Second, true)
		untilDone(t, mk(), "i-1", binder.Bound)
		w.hook = nil
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, mk(), "i-1", binder.Unbound)
		time.Sleep(5 * time.Minute)
		w.launch("i-2")
		_, _ = mk().Reconcile(t.Context(), "i-2")
		for range 4 {
			time.Sleep(10 * time.Minute)
			sweepDespiteFindings(mk())
		}
		if r := w.record("i-2"); r == nil || r.Phase != store.Bound {
			t.Errorf("%+v", r)
		}
	})
}

// An address that the instance holds is its only candidate, even if its record
// has just been written.
func TestHeldAddressIsTheOnlyCandidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		untilDone(t, w.binder(), "i-1", binder.Bound)
		r := *w.record("i-1")
		time.Sleep(time.Hour)
		_, _ = w.binder().Unbind(t.Context(), "i-1", force)
		time.Sleep(time.Hour)
		// a late association lands
		if _, err := w.pool.Associate(t.Context(), r.AllocationID, eippool.Target{InstanceID: "i-1", NetworkInterfaceID: r.NetworkInterfaceID}); err != nil {
			t.Fatal(err)
		}
		done := false
		reservedOther := false
		w.hook = func(call string, do func() error) error {
			if call == "store.Put" && !done {
				done = true
				for _, f := range w.records() {
					if f.AllocationID == r.AllocationID {
						f.RemovalAt = time.Now()
						f.WriteID = "x"
						if _, err := w.store.Put(t.Context(), f); err != nil {
							t.Error(err)
						}
					}
				}
			}
			err := do()
			for _, f := range w.records() {
				if f.AllocationID != r.AllocationID && f.InstanceID == "i-1" {
					reservedOther = true
				}
			}
			return err
		}
		w.took()
		_, _ = w.binder().Reconcile(t.Context(), "i-1")
		if reservedOther {
			t.Errorf("reserved another address though the interface is known to hold one")
		}
	})
}

// A policy and back again: the removal of the name that is wanted again may land.
func TestPrewarmWaitsForLateRemovals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.lateApply(240*time.Second, true) // the delete of the old name, tried again
		if _, err := dottedKeeper(w).Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.hook = nil
		if _, err := w.keeper().Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		w.launch("i-1")
		untilDone(t, w.keeper(), "i-1", binder.Bound)
		w.mustHold(t, 1)
	})
}
