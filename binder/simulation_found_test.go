package binder_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// What the long simulation found, each as small as it gets.

// loseApply makes the n-th change of the zone get lost and take effect after
// that time.
func (w *world) loseApply(n int, after time.Duration) {
	w.hook = func(call string, do func() error) error {
		if call != "zone.Apply" {
			return do()
		}
		if n--; n != 0 {
			return do()
		}
		go func() {
			time.Sleep(after)
			_ = do() // nobody is left to hear of an error
		}()
		return errors.New("connection reset")
	}
}

// A publication whose reply was lost may land after the name was removed: the
// address must not become somebody else's while the name points at it.
func TestLatePublicationIsRemovedBeforeTheAddressIsReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.loseApply(1, 4*time.Minute)
		if _, err := w.binder().Reconcile(t.Context(), "i-1"); err == nil {
			t.Fatal("the call was not lost")
		}
		w.fleet.SetState("i-1", binder.Terminated)
		w.launch("i-2")
		late := false
		for range 30 { // of half a minute, without a sweep
			reconcile(t, w.binder(), "i-1")
			reconcile(t, w.binder(), "i-2")
			late = late || slices.Contains(w.names(), "i-1."+suffix)
			if r := w.record("i-2"); r != nil && slices.Contains(w.names(), "i-1."+suffix) {
				t.Fatalf("i-2 gets %s, which i-1 still points at", r.IP)
			}
			time.Sleep(30 * time.Second)
		}
		if !late || w.record("i-2") == nil {
			t.Errorf("the late name was seen: %t, i-2 has %+v", late, w.record("i-2"))
		}
		w.mustHold(t, 1)
	})
}

// A removal whose reply was lost may land after the instance got its address
// and its name back.
func TestLateRemovalDoesNotHitTheNextBinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Stopped)
		want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
		time.Sleep(10 * time.Minute)
		w.loseApply(1, 4*time.Minute)
		if _, err := w.binder().Reconcile(t.Context(), "i-1"); err == nil {
			t.Fatal("the call was not lost")
		}
		w.fleet.SetState("i-1", binder.Running)
		untilDone(t, w.binder(), "i-1", binder.Bound)
		time.Sleep(10 * time.Minute)
		if _, err := w.zone.Lookup(t.Context(), dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"}); err != nil {
			t.Errorf("the bound worker has lost its name: %v", err)
		}
		w.mustHold(t, 1)
	})
}

// An order to unbind ends the binding that it found, and not the one that
// another process makes of it meanwhile.
func TestForcedUnbindEndsOneBinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
		time.Sleep(10 * time.Minute)
		removed, other := false, w.binder()
		w.hook = func(call string, do func() error) error {
			if call == "zone.Wait" && !removed {
				removed = true // the order waits; meanwhile another process finishes it, and binds anew
				want(t, reconcile(t, other, "i-1"), binder.Bound)
			}
			return do()
		}
		o, err := w.binder().Unbind(t.Context(), "i-1", func(o *binder.UnbindOptions) { o.Force = true })
		if err != nil || o.Status != binder.Unbound {
			t.Errorf("Unbind: %+v, %v", o, err)
		}
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound {
			t.Errorf("the new binding is %+v", r)
		}
	})
}

// A worker that finds another one's lease has nothing to write, not even what
// it sees: that would end the lease.
func TestBusyDoesNotTouchTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.crashAt(t, "associate", 7, lostReply, func() { _, _ = w.binder().Reconcile(t.Context(), "i-1") })
		before := w.record("i-1")
		if before.Owner == "" || before.AssociationID != "" || !w.addresses()[0].Associated() {
			t.Fatalf("record: %+v", before)
		}
		want(t, reconcile(t, w.binder(), "i-1"), binder.Busy)
		if after := w.record("i-1"); after.Owner != before.Owner || after.Version != before.Version {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}

// A pause allows no write, either.
func TestPauseDoesNotEvenSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.crashAt(t, "associate", 7, lostReply, func() { _, _ = w.binder().Reconcile(t.Context(), "i-1") })
		time.Sleep(2 * time.Minute)
		if err := w.store.Pause(t.Context(), "migration"); err != nil {
			t.Fatal(err)
		}
		before := w.record("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
		if after := w.record("i-1"); after.Version != before.Version {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}
