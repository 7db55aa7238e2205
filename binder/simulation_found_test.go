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

// What the long simulation found, each as small as it gets.

// loseApply makes the n-th change of the zone get lost and take effect after
// that time.
func (w *world) loseApply(n int, after time.Duration) { w.lose("zone.Apply", n, after) }

// lose does the same to the n-th such call.
func (w *world) lose(name string, n int, after time.Duration) {
	w.hook = func(call string, do func() error) error {
		if call != name {
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

// A reverse name whose reply was lost may be set after the binding was taken
// back: it goes, too, before the address is anybody else's.
func TestLateReverseNameIsClearedBeforeTheAddressIsReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		reversed := func(o *binder.Options) { o.ReverseNames = true }
		w.launch("i-1")
		w.lose("pool.SetReverseName", 1, 4*time.Minute)
		if _, err := w.binder(reversed).Reconcile(t.Context(), "i-1"); err == nil {
			t.Fatal("the call was not lost")
		}
		w.fleet.SetState("i-1", binder.Terminated)
		late := false
		for range 30 { // of half a minute
			reconcile(t, w.binder(reversed), "i-1")
			late = late || w.pool.ReverseName("eipalloc-000") != ""
			time.Sleep(30 * time.Second)
		}
		if name := w.pool.ReverseName("eipalloc-000"); !late || name != "" || w.record("i-1") != nil {
			t.Errorf("the late call landed: %t, and the reverse name is %q, the record %+v", late, name, w.record("i-1"))
		}
	})
}

// oldFleet and oldPool show what was a while ago.
type oldFleet struct {
	binder.Fleet
	shows []binder.Instance
}

func (f oldFleet) Describe(context.Context, ...string) ([]binder.Instance, error) {
	return f.shows, nil
}

type oldPool struct {
	eippool.Pool
	shows []eippool.Address
}

func (p oldPool) List(context.Context) ([]eippool.Address, error) { return p.shows, nil }

func (p oldPool) Lookup(context.Context, ...string) ([]eippool.Address, error) { return p.shows, nil }

// EC2 may show an association for a while that has ended. No binding is made of
// such answers, whoever gives them: not by the look that finds the instance with
// its old address, and not by the one that finds the address with the instance
// that was to get it again.
func TestOldAnswersMakeNoBinding(t *testing.T) {
	for name, policy := range map[string]dnspolicy.Policy{
		"name of the instance": dnspolicy.InstanceID(),
		"name of the address":  dnspolicy.PerAddress(dnspolicy.DashedIP()),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(t, 1)
			s.backends.Policy = policy
			s.options = append(s.options, func(o *binder.Options) { o.KeepNames = name == "name of the address" })
			s.launch("i-1")
			want(t, reconcile(t, s.fresh(), "i-1"), binder.Bound)
			time.Sleep(time.Hour)
			instances, err := s.fleet.Describe(t.Context(), "i-1")
			if err != nil {
				t.Fatal(err)
			}
			addresses := s.addresses()
			if _, err := s.fresh().Unbind(t.Context(), "i-1", func(o *binder.UnbindOptions) { o.Force = true }); err != nil {
				t.Fatal(err)
			}
			s.hook = func(call string, do func() error) error { // nobody can associate it
				if call == "pool.Associate" {
					return errors.New("connection reset")
				}
				return do()
			}
			old := *s
			old.backends.Fleet, old.backends.Pool = oldFleet{s.backends.Fleet, instances}, oldPool{s.backends.Pool, addresses}
			for range 9 { // half minutes, less than ConfirmAfter
				_, _ = s.fresh().Reconcile(t.Context(), "i-1")
				_, _ = old.fresh().Reconcile(t.Context(), "i-1")
				if r := s.record("i-1"); r != nil && r.Phase == store.Bound {
					t.Fatalf("%s: bound without an association: %+v", name, r)
				}
				time.Sleep(30 * time.Second)
			}
			s.hook = nil
			time.Sleep(2 * time.Minute)
			untilDone(t, s.fresh(), "i-1", binder.Bound)
			s.mustHold(t, 1)
		})
	}
}
