package binder_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// untilDone calls Reconcile as an event source does that delivers again what
// has to wait.
func untilDone(t *testing.T, b *binder.Binder, id string, final ...binder.Status) {
	t.Helper()
	var last []binder.Outcome
	for range 50 {
		last, _ = b.Reconcile(t.Context(), id)
		if slices.Contains(final, last[0].Status) {
			return
		}
		time.Sleep(max(last[0].RetryAfter, time.Second))
	}
	t.Errorf("%s never became %v: %+v", id, final, last)
}

func TestManyDeliveriesOfOneEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 8)
		w.launch("i-1")
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { untilDone(t, w.binder(), "i-1", binder.Bound, binder.AlreadyBound) })
		}
		wg.Wait()
		w.mustHold(t, 1)
	})
}

func TestStormOfSingleEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 40
		w := newWorld(t, n)
		var wg sync.WaitGroup
		for i := range n {
			id := fmt.Sprintf("i-%02d", i)
			w.launch(id)
			wg.Go(func() { untilDone(t, w.binder(), id, binder.Bound) })
		}
		wg.Wait()
		w.mustHold(t, n)
	})
}

func TestBatchGivesEachInstanceItsOwnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		w := newWorld(t, n)
		var ids []string
		for i := range n {
			ids = append(ids, fmt.Sprintf("i-%03d", i))
			w.launch(ids[i])
		}
		w.took()
		began := time.Now()
		outcomes, err := w.binder().Reconcile(t.Context(), ids...)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range outcomes {
			if o.InstanceID != ids[i] || o.Status != binder.Bound {
				t.Errorf("outcome %d: %+v", i, o)
			}
		}
		if took := time.Since(began); took > 31*time.Second {
			t.Errorf("took %s: the waits for DNS were not shared", took)
		}
		w.mustHold(t, n)
		calls := map[string]int{}
		for _, c := range w.took() {
			calls[c]++
		}
		if calls["fleet.Describe"] != 1 || calls["pool.List"] != 1 || calls["store.Put"] != 3*n || calls["pool.Associate"] != n {
			t.Errorf("calls: %v", calls)
		}
	})
}

// Who loses every race has an old picture of the pool: it is no dry pool yet.
func TestLosingEveryRaceIsNotExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.launch("i-2")
		raced := false
		w.hook = func(call string, do func() error) error {
			if call == "store.Put" && !raced {
				raced = true
				want(t, reconcile(t, w.binder(), "i-2"), binder.Bound)
			}
			return do()
		}
		o := reconcile(t, w.binder(), "i-1")
		want(t, o, binder.Busy)
		if o.RetryAfter != time.Second {
			t.Errorf("come back after %s", o.RetryAfter)
		}
		want(t, reconcile(t, w.binder(), "i-1"), binder.Exhausted)
	})
}

func TestBindRacesTerminate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		w.hook = func(call string, do func() error) error {
			err := do()
			if call == "zone.Apply" {
				w.fleet.SetState("i-1", binder.Terminated)
			}
			return err
		}
		_, _ = w.binder().Reconcile(t.Context(), "i-1")
		w.hook = nil
		untilDone(t, w.binder(), "i-1", binder.Unbound, binder.Gone)
		w.mustHold(t, 0)
		if names := w.names(); len(names) != 0 {
			t.Errorf("names left: %v", names)
		}
	})
}

// EC2 cannot fence: a call whose reply was lost may land later. The next
// worker keeps the address, whatever it sees.
func TestLateAssociationKeepsTheAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		w.launch("i-1")
		lost := false
		w.hook = func(call string, do func() error) error {
			if call == "pool.Associate" && !lost {
				lost = true
				return errors.New("connection reset")
			}
			return do()
		}
		outcomes, err := w.binder().Reconcile(t.Context(), "i-1")
		want(t, outcomes[0], binder.Failed)
		if failure := (*binder.Error)(nil); !errors.As(err, &failure) || failure.Terminal || failure.Step != "associate" {
			t.Errorf("error: %v", err)
		}
		rec := w.record("i-1")
		target := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: rec.NetworkInterfaceID}
		if _, err := w.pool.Associate(t.Context(), rec.AllocationID, target); err != nil {
			t.Fatal(err)
		}
		untilDone(t, w.binder(), "i-1", binder.Bound)
		if got := w.record("i-1").AllocationID; got != rec.AllocationID {
			t.Errorf("bound to %s, but %s was reserved", got, rec.AllocationID)
		}
		w.mustHold(t, 1)
	})
}

func TestInUseIsUnknownUntilSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		w.hook = func(call string, do func() error) error {
			if call == "pool.Associate" {
				return fmt.Errorf("%w: not visible yet", eippool.ErrInUse)
			}
			return do()
		}
		want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
		first := w.record("i-1")
		if first == nil || first.Phase != store.Reserved || first.Owner != "" {
			t.Fatalf("record: %+v", first)
		}
		w.hook = nil
		untilDone(t, w.binder(), "i-1", binder.Bound)
		if got := w.record("i-1").AllocationID; got != first.AllocationID {
			t.Errorf("bound to %s, reserved was %s", got, first.AllocationID)
		}
	})
}

func TestLeaseOfAnotherWorkerIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.crashAt(t, "reserve", 6, lostReply, func() { _, _ = w.binder().Reconcile(t.Context(), "i-1") })
		if r := w.record("i-1"); r == nil || r.Owner == "" {
			t.Fatalf("record: %+v", r)
		}
		o := reconcile(t, w.binder(), "i-1")
		want(t, o, binder.Busy)
		if o.RetryAfter != time.Minute {
			t.Errorf("come back after %s", o.RetryAfter)
		}
		time.Sleep(o.RetryAfter)
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
	})
}

// mustHold checks that n instances hold one address each, and no more.
func (w *world) mustHold(t *testing.T, n int) {
	t.Helper()
	if err := w.checkInvariants(); err != nil {
		t.Error(err)
	}
	bound, associated := 0, 0
	for _, r := range w.records() {
		if r.Phase == store.Bound {
			bound++
		} else if r.Phase != store.Free {
			t.Errorf("record left in %+v", r)
		}
	}
	for _, a := range w.addresses() {
		if a.Associated() {
			associated++
		}
	}
	if bound != n || associated != n {
		t.Errorf("%d records are bound and %d addresses associated, want %d", bound, associated, n)
	}
}
