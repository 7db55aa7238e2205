package binder_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// Calls that land late, and answers that lag: what a worker saw then must not
// hurt who comes after it.

var errLost = errors.New("the reply is lost")

func byDottedIP(w *world) *binder.Binder {
	return w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()))
}

func force(o *binder.UnbindOptions) { o.Force = true }

// withWorker runs the test in a bubble, in a world with one running worker.
func withWorker(t *testing.T, addresses int, test func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, addresses)
		w.launch("i-1")
		test(t, w)
	})
}

// lateApply makes the next change of names land after d. Its caller gets an
// error, or, if it was tried again and that succeeded, hears nothing of it.
func (w *world) lateApply(d time.Duration, triedAgain bool) {
	done := false
	w.hook = func(call string, do func() error) error {
		if call != "zone.Apply" || done {
			return do()
		}
		done = true
		go func() {
			time.Sleep(d)
			_ = do() // nobody hears of it
		}()
		if triedAgain {
			return do()
		}
		return errLost
	}
}

func TestLateRemovalSparesTheNextBinding(t *testing.T) {
	for name, triedAgain := range map[string]bool{"lost": false, "tried again by the SDK": true} {
		t.Run(name, func(t *testing.T) {
			withWorker(t, 1, func(t *testing.T, w *world) {
				untilDone(t, byDottedIP(w), "i-1", binder.Bound)
				time.Sleep(time.Hour)
				w.fleet.SetState("i-1", binder.Terminated)
				w.lateApply(285*time.Second, triedAgain)
				_, _ = byDottedIP(w).Reconcile(t.Context(), "i-1")
				untilDone(t, byDottedIP(w), "i-1", binder.Unbound, binder.Gone)
				w.launch("i-2")
				untilDone(t, byDottedIP(w), "i-2", binder.Bound)
				time.Sleep(5 * time.Minute)
				w.mustHold(t, 1)
			})
		})
	}
}

func TestLateRemovalSparesTheSameInstance(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		untilDone(t, w.binder(), "i-1", binder.Bound)
		time.Sleep(time.Hour)
		w.lateApply(200*time.Second, true)
		_, _ = w.binder().Unbind(t.Context(), "i-1", force)
		untilDone(t, w.binder(), "i-1", binder.Bound)
		time.Sleep(5 * time.Minute)
		w.mustHold(t, 1)
	})
}

func TestLateRemovalOfAnOrphanSparesTheNextBinding(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		untilDone(t, byDottedIP(w), "i-1", binder.Bound)
		orphan := w.published("i-1")
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, byDottedIP(w), "i-1", binder.Unbound)
		time.Sleep(10 * time.Minute)
		if err := w.zone.Set(orphan); err != nil {
			t.Fatal(err)
		}
		w.lateApply(200*time.Second, false)
		_, _ = byDottedIP(w).Sweep(t.Context())
		w.launch("i-2")
		untilDone(t, byDottedIP(w), "i-2", binder.Bound)
		time.Sleep(5 * time.Minute)
		w.mustHold(t, 1)
	})
}

func TestLatePublicationIsRemoved(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		w.lateApply(280*time.Second, false)
		_, _ = w.binder().Reconcile(t.Context(), "i-1")
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, w.binder(), "i-1", binder.Unbound)
		time.Sleep(10 * time.Minute)
		w.launch("i-2")
		untilDone(t, w.binder(), "i-2", binder.Bound)
		sweep(t, w.binder())
		if names := w.names(); len(names) != 1 || names[0] != "i-2."+suffix {
			t.Errorf("names: %v", names)
		}
	})
}

// One answer without the instance does not end the wait for late calls.
func TestOneAbsenceDoesNotEndTheWaitForLateCalls(t *testing.T) {
	withWorker(t, 2, func(t *testing.T, w *world) {
		w.hook = func(call string, do func() error) error {
			if call == "pool.Associate" {
				return errLost
			}
			return do()
		}
		_, _ = w.binder().Reconcile(t.Context(), "i-1")
		_, _ = w.binder().Unbind(t.Context(), "i-1", force)
		w.hook = func(call string, do func() error) error {
			if call == "fleet.Describe" {
				return nil // without the instance
			}
			return do()
		}
		want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
	})
}

// One answer without the address ends neither its record nor its cool-down.
func TestOneAbsenceDoesNotForgetTheAddress(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		untilDone(t, w.binder(), "i-1", binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		w.hook = func(call string, do func() error) error {
			if call == "pool.Lookup" {
				return nil // without the address
			}
			return do()
		}
		_, _ = w.binder().Reconcile(t.Context(), "i-1")
		w.hook = nil
		w.launch("i-2")
		want(t, reconcile(t, w.binder(), "i-2"), binder.Exhausted)
	})
}

func TestOrphanOfAnotherDeploymentIsNotTouched(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		other := w.binder(func(o *binder.Options) { o.BinderID = "other" })
		untilDone(t, other, "i-1", binder.Bound)
		orphan := w.published("i-1")
		w.fleet.SetState("i-1", binder.Terminated)
		untilDone(t, other, "i-1", binder.Unbound)
		if err := w.zone.Set(orphan); err != nil {
			t.Fatal(err)
		}
		if r := sweep(t, w.binder()); len(r.Actions) != 0 || len(w.names()) != 1 {
			t.Errorf("actions: %v, names: %v", r.Actions, w.names())
		}
	})
}

func TestOrdersOnAStoppedWorkerOutlastTheStop(t *testing.T) {
	orders := map[string]func(*binder.Binder, context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error){
		"drain": (*binder.Binder).Drain, "undrain": (*binder.Binder).Undrain,
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			withWorker(t, 1, func(t *testing.T, w *world) {
				untilDone(t, w.binder(), "i-1", binder.Bound)
				if name == "undrain" {
					if _, err := w.binder().Drain(t.Context(), "i-1"); err != nil {
						t.Fatal(err)
					}
				}
				w.fleet.SetState("i-1", binder.Stopped)
				want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
				if _, err := order(w.binder(), t.Context(), "i-1"); err != nil {
					t.Fatal(err)
				}
				if w.record("i-1").Visible() {
					t.Error("a stopped worker is visible")
				}
				w.fleet.SetState("i-1", binder.Running)
				want(t, reconcile(t, w.binder(), "i-1"), binder.AlreadyBound)
				if got := w.record("i-1").Visible(); got != (name == "undrain") {
					t.Errorf("visible: %v", got)
				}
			})
		})
	}
}

func TestBindLooksOnce(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		untilDone(t, w.binder(), "i-1", binder.Bound)
		w.hook = func(call string, do func() error) error {
			if call == "fleet.Describe" {
				w.fleet.SetState("i-1", binder.Terminated)
			}
			return do()
		}
		w.took()
		o, err := w.binder().Bind(t.Context(), "i-1")
		if err != nil || o.Status != binder.Gone || w.record("i-1").Phase != store.Bound {
			t.Errorf("Bind: %+v, %v, record %+v", o, err, w.record("i-1"))
		}
		if calls := w.took(); calls[0] != "fleet.Describe" || len(calls) > 4 {
			t.Errorf("calls: %v", calls)
		}
	})
}

// A sweep that is overtaken by another one does not repair again.
func TestOvertakenSweepDoesNotRepairAgain(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		untilDone(t, w.binder(), "i-1", binder.Bound)
		w.zone.Remove(w.published("i-1").RRKey)
		events := map[binder.EventKind]int{}
		count := func(o *binder.Options) {
			o.Observer = binder.ObserverFunc(func(_ context.Context, e binder.Event) { events[e.Kind]++ })
		}
		first := true
		w.hook = func(call string, do func() error) error {
			if call == "store.Put" && first {
				first = false
				sweep(t, w.binder(count))
			}
			return do()
		}
		sweep(t, w.binder(count))
		if events[binder.EventDriftFound] != 1 || events[binder.EventDriftRepaired] != 1 {
			t.Errorf("events: %v", events)
		}
	})
}

func TestConflictIsToldOnce(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		untilDone(t, w.binder(), "i-1", binder.Bound)
		if err := w.zone.Set(aRecord(w.record("i-1").Name, "192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		var drift []binder.Event
		if _, err := w.binder(func(o *binder.Options) { o.Observer = drifts(&drift) }).Sweep(t.Context()); !errors.Is(err, binder.ErrDrift) {
			t.Errorf("Sweep: %v", err)
		}
		if len(drift) != 1 {
			t.Errorf("told: %+v", drift)
		}
	})
}

// published is the A record that the instance's record says is published.
func (w *world) published(instanceID string) dnspolicy.RRSet {
	s := w.record(instanceID).RRSets[0]
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: s.Name, Type: s.Type}, TTL: s.TTL, Values: s.Values}
}

// Not even a lease that ran out makes another deployment's record ours.
func TestRecordOfAnotherDeploymentIsNotWritten(t *testing.T) {
	withWorker(t, 1, func(t *testing.T, w *world) {
		other := w.binder(func(o *binder.Options) { o.BinderID = "other" })
		w.crashAt(t, "bind", 7, lostReply, func() { _, _ = other.Reconcile(t.Context(), "i-1") })
		before := *w.record("i-1")
		time.Sleep(time.Hour)
		for _, s := range []binder.State{binder.Running, binder.Terminated} {
			w.fleet.SetState("i-1", s)
			outcomes, err := w.binder().Reconcile(t.Context(), "i-1")
			want(t, outcomes[0], binder.Failed)
			if !errors.Is(err, binder.ErrDrift) {
				t.Errorf("error: %v", err)
			}
		}
		if after := w.record("i-1"); before.Owner == "" || after == nil || after.Version != before.Version {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}
