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

// reconcile is Reconcile for one instance that must not fail.
func reconcile(t *testing.T, b *binder.Binder, id string) binder.Outcome {
	t.Helper()
	outcomes, err := b.Reconcile(t.Context(), id)
	if err != nil {
		t.Fatalf("Reconcile(%s): %v", id, err)
	}
	return outcomes[0]
}

func want(t *testing.T, o binder.Outcome, s binder.Status) {
	t.Helper()
	if o.Status != s {
		t.Fatalf("outcome of %s is %q (%s, %v), want %q", o.InstanceID, o.Status, o.Reason, o.Err, s)
	}
}

func TestOneWorkersLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.binder()
		w.launch("i-1")
		launched := time.Now()

		o := reconcile(t, b, "i-1")
		want(t, o, binder.Bound)
		if o.Name != "i-1."+suffix || o.IP.String() != "203.0.113.0" {
			t.Errorf("bound to %s as %s", o.IP, o.Name)
		}
		if waited := time.Since(launched); waited < 30*time.Second {
			t.Errorf("Bound after %s, before the name was in sync", waited)
		}
		if set, ok := w.zone.Resolve(dnspolicy.RRKey{Name: o.Name, Type: "A"}); !ok || set.TTL != time.Minute {
			t.Errorf("resolved to %+v, %v", set, ok)
		}
		if r := w.record("i-1"); r == nil || !r.Visible() || r.Owner != "" || r.AssociationID == "" {
			t.Errorf("record is %+v", r)
		}
		if err := w.checkInvariants(); err != nil {
			t.Error(err)
		}

		w.took()
		want(t, reconcile(t, b, "i-1"), binder.AlreadyBound)
		if calls := w.took(); !slices.Equal(calls, []string{"fleet.Describe", "store.Paused", "store.Get", "pool.Lookup"}) {
			t.Errorf("a repeated event made the calls %v", calls)
		}

		time.Sleep(time.Hour)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		freed := time.Now()
		if names := w.names(); len(names) != 0 {
			t.Errorf("names left: %v", names)
		}
		if a := w.addresses()[0]; a.Associated() {
			t.Errorf("address is still associated: %+v", a)
		}
		if r := w.records()[0]; r.Phase != store.Free || r.LastInstanceID != "i-1" || r.ReusableAt.Before(freed.Add(2*time.Minute)) {
			t.Errorf("record is %+v", r)
		}
		want(t, reconcile(t, b, "i-1"), binder.Gone)

		w.launch("i-2")
		o = reconcile(t, b, "i-2")
		want(t, o, binder.Exhausted)
		if o.RetryAfter <= 0 || o.RetryAfter > 6*time.Minute {
			t.Errorf("come back after %s", o.RetryAfter)
		}
		time.Sleep(6 * time.Minute)
		want(t, reconcile(t, b, "i-2"), binder.Bound)
	})
}

// Calls that were made to bind a worker may land after its end.
func TestShortLifeCoolsUntilLateCallsAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.binder()
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		removed := time.Now()
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		if r := w.records()[0]; !r.ReusableAt.Equal(removed.Add(6*time.Minute)) || !r.FencedUntil.Equal(r.ReusableAt) {
			t.Errorf("the name was removed at %s, the address is reusable at %s", removed, r.ReusableAt)
		}
	})
}

func TestExhaustedChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.launch("i-1")
		w.took()
		want(t, reconcile(t, w.binder(), "i-1"), binder.Exhausted)
		if calls := w.took(); slices.Contains(calls, "store.Put") || slices.Contains(calls, "pool.Associate") {
			t.Errorf("calls: %v", calls)
		}
		if len(w.records()) != 0 {
			t.Errorf("records: %v", w.records())
		}
	})
}

func TestIneligibleCostsOneDescribe(t *testing.T) {
	w := newWorld(t, 1)
	w.fleet.Launch(binder.Instance{ID: "i-1", State: binder.Running})
	want(t, reconcile(t, w.binder(), "i-1"), binder.Ineligible)
	if calls := w.took(); !slices.Equal(calls, []string{"fleet.Describe"}) {
		t.Errorf("calls: %v", calls)
	}
}

func TestPendingWaitsAndUnknownIsGone(t *testing.T) {
	w := newWorld(t, 1)
	w.launchIn("i-1", binder.Pending)
	want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
	want(t, reconcile(t, w.binder(), "i-2"), binder.Gone)
	if len(w.records()) != 0 {
		t.Errorf("records: %v", w.records())
	}
}

func TestOneFailureDoesNotTouchTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		for _, id := range []string{"i-1", "i-2", "i-3"} {
			w.launch(id)
		}
		denied := errors.New("denied by policy")
		policy := dnspolicy.PolicyFunc(func(s dnspolicy.Subject) ([]string, error) {
			if s.InstanceID == "i-2" {
				return nil, denied
			}
			return []string{s.InstanceID}, nil
		})
		outcomes, err := w.binderWith(policy).Reconcile(t.Context(), "i-1", "i-2", "i-3", "i-1")
		if len(outcomes) != 3 {
			t.Fatalf("%d outcomes", len(outcomes))
		}
		want(t, outcomes[0], binder.Bound)
		want(t, outcomes[1], binder.Failed)
		want(t, outcomes[2], binder.Bound)
		var failure *binder.Error
		if !errors.Is(err, denied) || !errors.As(err, &failure) || !failure.Terminal || failure.InstanceID != "i-2" || failure.Step != "reserve" {
			t.Errorf("error: %#v", err)
		}
	})
}

func TestBindNeverUnbinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.ShuttingDown)
		o, err := b.Bind(t.Context(), "i-1")
		if err != nil {
			t.Fatal(err)
		}
		want(t, o, binder.Gone)
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound {
			t.Errorf("record: %+v", r)
		}
	})
}

func TestUnbindOfAServingWorkerNeedsForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		held := w.record("i-1").AllocationID
		if err := w.store.Acquire(t.Context(), held); err != nil {
			t.Fatal(err)
		}

		o, err := b.Unbind(t.Context(), "i-1")
		if !errors.Is(err, binder.ErrServing) || o.Status != binder.Failed {
			t.Fatalf("Unbind: %+v, %v", o, err)
		}
		force := func(o *binder.UnbindOptions) { o.Force = true }
		o, err = b.Unbind(t.Context(), "i-1", force)
		if err != nil {
			t.Fatal(err)
		}
		// The interface lives on, and the call that associated it may land again.
		want(t, o, binder.NotReady)
		if a := w.addresses(); a[0].Associated() || a[1].Associated() || len(w.names()) != 0 {
			t.Errorf("left: %+v, %v", a, w.names())
		}
		if o := reconcile(t, b, "i-1"); o.Status != binder.NotReady {
			t.Errorf("bound again while a late call may land: %+v", o)
		}
		time.Sleep(6 * time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.Bound) // running and eligible: bound anew
		if err := w.checkInvariants(); err != nil {
			t.Error(err)
		}
	})
}

func TestUnbindWaitsForTheScheduleServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if err := w.store.Acquire(t.Context(), "eipalloc-000"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		w.fleet.SetTags("i-1", nil) // not eligible any more

		o, err := b.Unbind(t.Context(), "i-1")
		if err != nil {
			t.Fatal(err)
		}
		want(t, o, binder.NotReady)
		if r := w.record("i-1"); !r.Visible() || !r.Allocated {
			t.Errorf("record: %+v", r)
		}
		if err := w.store.Yield(t.Context(), "eipalloc-000"); err != nil {
			t.Fatal(err)
		}
		o, err = b.Unbind(t.Context(), "i-1")
		if err != nil {
			t.Fatal(err)
		}
		want(t, o, binder.Unbound)
	})
}

func TestStopHidesAndReturnShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if err := w.store.Acquire(t.Context(), "eipalloc-000"); err != nil {
			t.Fatal(err)
		}

		w.fleet.SetState("i-1", binder.Stopped)
		o := reconcile(t, b, "i-1")
		want(t, o, binder.NotReady)
		if o.RetryAfter != 10*time.Minute {
			t.Errorf("come back after %s", o.RetryAfter)
		}
		if r := w.record("i-1"); r.Visible() || !w.addresses()[0].Associated() || len(w.names()) != 1 {
			t.Errorf("record: %+v", r)
		}

		w.fleet.SetState("i-1", binder.Running)
		want(t, reconcile(t, b, "i-1"), binder.AlreadyBound)
		if r := w.record("i-1"); !r.Visible() || !r.Allocated || len(r.FirstSeen) != 0 {
			t.Errorf("record: %+v", r)
		}

		w.fleet.SetState("i-1", binder.Stopped)
		reconcile(t, b, "i-1")
		time.Sleep(10 * time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		w.fleet.SetState("i-1", binder.Running)
		want(t, reconcile(t, b, "i-1"), binder.Exhausted) // a late removal could take its new name away
		time.Sleep(6 * time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.Bound)
	})
}

func TestDrainHidesUntilUndrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if err := w.store.Acquire(t.Context(), "eipalloc-000"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			o, err := b.Drain(t.Context(), "i-1")
			if err != nil || o.Status != binder.AlreadyBound || o.Reason != "draining" {
				t.Fatalf("Drain: %+v, %v", o, err)
			}
		}
		time.Sleep(24 * time.Hour)
		want(t, reconcile(t, b, "i-1"), binder.AlreadyBound)
		if r := w.record("i-1"); r.Visible() || !r.Allocated || !w.addresses()[0].Associated() || len(w.names()) != 1 {
			t.Errorf("record: %+v", r)
		}

		w.fleet.SetState("i-1", binder.Stopped) // a return does not show what an operator hid
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		w.fleet.SetState("i-1", binder.Running)
		want(t, reconcile(t, b, "i-1"), binder.AlreadyBound)
		if r := w.record("i-1"); r.Visible() {
			t.Errorf("record: %+v", r)
		}

		o, err := b.Undrain(t.Context(), "i-1")
		if err != nil || o.Status != binder.AlreadyBound || o.Reason != "" {
			t.Fatalf("Undrain: %+v, %v", o, err)
		}
		if r := w.record("i-1"); !r.Visible() || !r.Allocated {
			t.Errorf("record: %+v", r)
		}
		if _, err := b.Drain(t.Context(), "i-1"); err != nil {
			t.Fatal(err)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
	})
}

func TestDrainedWhileBeingBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		short, cancel := context.WithTimeout(t.Context(), time.Second) // not in sync by then
		defer cancel()
		outcomes, err := b.Reconcile(short, "i-1")
		if err != nil {
			t.Fatal(err)
		}
		want(t, outcomes[0], binder.NotReady)
		o, err := b.Drain(t.Context(), "i-1")
		if err != nil || o.Status != binder.Bound {
			t.Fatalf("Drain: %+v, %v", o, err)
		}
		if r := w.record("i-1"); r.Visible() || r.Phase != store.Bound {
			t.Errorf("record: %+v", r)
		}
		if o, err := w.binder().Drain(t.Context(), "i-nobody"); err != nil || o.Status != binder.Gone {
			t.Errorf("Drain of nothing: %+v, %v", o, err)
		}
	})
}

func TestAbsenceIsConfirmedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.fleet.Forget("i-1")
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		time.Sleep(4 * time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		if r := w.record("i-1"); r == nil || !r.Visible() {
			t.Fatalf("record: %+v", r)
		}
		time.Sleep(time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
	})
}

// A single sighting long ago plus a single one now are not a confirmation.
func TestAnAbsenceThatEndedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		described := false
		w.hook = func(call string, do func() error) error {
			if call == "fleet.Describe" && !described {
				described = true
				return nil // EC2 answers, without the instance
			}
			return do()
		}
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		time.Sleep(time.Hour)
		want(t, reconcile(t, b, "i-1"), binder.AlreadyBound)
		described = false
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound {
			t.Errorf("record: %+v", r)
		}
	})
}

func TestAddressDetachedByHandIsAssociatedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		before := *w.record("i-1")
		time.Sleep(time.Hour)
		if err := w.pool.Disassociate(t.Context(), before.AssociationID); err != nil {
			t.Fatal(err)
		}
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		time.Sleep(5 * time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		after := w.record("i-1")
		if after.AllocationID != before.AllocationID || after.Name != before.Name || after.AssociationID == before.AssociationID {
			t.Errorf("before %+v, after %+v", before, after)
		}
		if err := w.checkInvariants(); err != nil {
			t.Error(err)
		}
	})
}

func TestAddressReleasedByHandIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		lost := w.record("i-1").AllocationID
		time.Sleep(time.Hour)
		w.pool.Remove(lost)
		want(t, reconcile(t, b, "i-1"), binder.NotReady)
		time.Sleep(5 * time.Minute)
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		sweep(t, b)
		time.Sleep(5 * time.Minute)
		sweep(t, b)
		records := w.records()
		if len(records) != 1 || records[0].AllocationID == lost {
			t.Errorf("records: %+v", records)
		}
		if err := w.checkInvariants(); err != nil {
			t.Error(err)
		}
	})
}

func TestAddressMovedByHandIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		a := w.addresses()[0]
		a.NetworkInterfaceID, a.InstanceID = "eni-stranger", "i-stranger"
		w.pool.Add(a)
		outcomes, err := b.Reconcile(t.Context(), "i-1")
		want(t, outcomes[0], binder.Failed)
		if !errors.Is(err, binder.ErrDrift) {
			t.Errorf("error: %v", err)
		}
		if now := w.addresses()[0]; now.NetworkInterfaceID != "eni-stranger" || !w.record("i-1").Visible() {
			t.Errorf("something was touched: %+v", now)
		}
	})
}

func TestInterfaceWithAForeignAddressIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		i := w.fleet.Launch(binder.Instance{ID: "i-1", State: binder.Running, Tags: map[string]string{"role": "media"}})
		w.pool.Add(eippool.Address{AllocationID: "eipalloc-foreign", NetworkInterfaceID: i.NetworkInterfaceID})
		outcomes, err := w.binder().Reconcile(t.Context(), "i-1")
		want(t, outcomes[0], binder.Failed)
		if !errors.Is(err, eippool.ErrOccupied) || len(w.records()) != 0 {
			t.Errorf("error: %v, records: %v", err, w.records())
		}
	})
}
