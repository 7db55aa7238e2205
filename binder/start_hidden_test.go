package binder_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// hider is a binder with StartHidden, as a fresh process would make it, whose
// writes are counted that show a worker.
func (w *world) hider(shown *atomic.Int64) *binder.Binder {
	w.t.Helper()
	b, err := binder.New(binder.Backends{
		Fleet: hookedFleet{w}, Pool: hookedPool{w}, Policy: dnspolicy.InstanceID(), Zone: hookedZone{w}, Store: counting{hookedStore{w}, shown},
	}, func(o *binder.Options) { o.Suffix, o.StartHidden = suffix, true })
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// hiddenWork is what becomes of a worker that nobody has undrained yet.
func hiddenWork() []scenario {
	reconcileOne := func(t *testing.T, b *binder.Binder) { _, _ = b.Reconcile(t.Context(), "i-1") }
	sweepAll := func(t *testing.T, b *binder.Binder) { _, _ = b.Sweep(t.Context()) }
	launch := func(_ *testing.T, w *world, _ *binder.Binder) { w.launch("i-1") }
	return []scenario{
		{name: "bind", before: launch, work: reconcileOne},
		{name: "sweep that binds", before: launch, work: sweepAll},
		{name: "stop", before: bindThen(binder.Stopped), work: func(t *testing.T, b *binder.Binder) { reconcileOne(t, b); sweepAll(t, b) }},
		{name: "start again", before: func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Stopped)(t, w, b)
			want(t, reconcile(t, b, "i-1"), binder.NotReady)
			w.fleet.SetState("i-1", binder.Running)
		}, work: reconcileOne},
		{name: "the association is lost", before: func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Running)(t, w, b)
			if err := w.pool.Disassociate(t.Context(), w.record("i-1").AssociationID); err != nil {
				t.Fatal(err)
			}
			reconcile(t, b, "i-1")
			time.Sleep(10 * time.Minute)
		}, work: reconcileOne},
		{name: "the address is lost", before: func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Running)(t, w, b)
			w.pool.Remove(w.record("i-1").AllocationID)
			reconcile(t, b, "i-1")
			time.Sleep(10 * time.Minute)
		}, work: reconcileOne},
		{name: damaged, before: func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Running)(t, w, b)
			w.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"})
		}, work: sweepAll},
	}
}

// Whatever happens, and wherever a process dies of it, no write shows a worker
// before the first Undrain, and that one does.
func TestStartHiddenAtEveryCrashPoint(t *testing.T) {
	everyCrashPoint(t, hiddenWork(), 80, scenario.staysHidden)
}

func (s scenario) staysHidden(t *testing.T, k int, how crash) (reached bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		var shown atomic.Int64
		b := w.hider(&shown)
		s.before(t, w, b)
		label := fmt.Sprintf("%s, call %d, %s", s.name, k, how)
		reached = w.crashAt(t, damaged+label, k, how, func() { s.work(t, b) })
		w.fleet.SetState("i-1", binder.Running)
		w.hiddenAfter(t, label, &shown)
	})
	return reached
}

// hiddenAfter lets fresh processes go on until the worker is bound.
func (w *world) hiddenAfter(t *testing.T, label string, shown *atomic.Int64) {
	var o binder.Outcome
	for range 20 {
		o = reconcile(t, w.hider(shown), "i-1")
		if o.Status == binder.AlreadyBound {
			break
		}
		time.Sleep(max(o.RetryAfter, time.Second))
	}
	time.Sleep(5 * time.Minute) // whatever was under way has landed
	sweep(t, w.hider(shown))
	o = reconcile(t, w.hider(shown), "i-1")
	if o.Status != binder.AlreadyBound || o.Reason != binder.ReasonStartHidden {
		t.Errorf("%s: %+v", label, o)
	}
	if n := shown.Load(); n > 0 {
		t.Errorf("%s: %d writes showed the worker", label, n)
	}
	o, err := w.hider(shown).Undrain(t.Context(), "i-1")
	if r := w.record("i-1"); err != nil || o.Reason != "" || !r.Visible() || r.Reason != "" {
		t.Errorf("%s: undrained: %+v, %v: %+v", label, o, err, r)
	}
}

// What was shown once is shown again after a stop, or a repair.
func TestStartHiddenIsForOnce(t *testing.T) {
	for name, harm := range map[string]func(*testing.T, *world, *binder.Binder){
		"stop": func(t *testing.T, w *world, b *binder.Binder) {
			w.fleet.SetState("i-1", binder.Stopped)
			want(t, reconcile(t, b, "i-1"), binder.NotReady)
			w.fleet.SetState("i-1", binder.Running)
		},
		"name": func(t *testing.T, w *world, b *binder.Binder) {
			w.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"})
			sweep(t, b)
		},
		"association": func(t *testing.T, w *world, b *binder.Binder) {
			time.Sleep(time.Hour)
			if err := w.pool.Disassociate(t.Context(), w.record("i-1").AssociationID); err != nil {
				t.Fatal(err)
			}
			reconcile(t, b, "i-1")
			time.Sleep(10 * time.Minute)
			want(t, reconcile(t, b, "i-1"), binder.Bound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				b := w.binder(func(o *binder.Options) { o.StartHidden = true })
				w.launch("i-1")
				if o := reconcile(t, b, "i-1"); o.Status != binder.Bound || o.Reason != binder.ReasonStartHidden {
					t.Fatalf("%+v", o)
				}
				if _, err := b.Undrain(t.Context(), "i-1"); err != nil {
					t.Fatal(err)
				}
				harm(t, w, b)
				if o := reconcile(t, b, "i-1"); o.Status != binder.AlreadyBound || o.Reason != "" || !w.record("i-1").Visible() {
					t.Errorf("%+v: %+v", o, w.record("i-1"))
				}
			})
		})
	}
}

// A worker may be undrained while it is being bound; one that gets another
// address starts hidden again; and one that is drained says so.
func TestStartHiddenAndOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		b := w.binder(func(o *binder.Options) { o.StartHidden, o.DNSWait = true, time.Second })
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.NotReady) // DNS is not in sync
		if _, err := b.Undrain(t.Context(), "i-1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if !w.record("i-1").Visible() {
			t.Errorf("undrained before: %+v", w.record("i-1"))
		}
		w.pool.Remove(w.record("i-1").AllocationID)
		for range 5 {
			reconcile(t, b, "i-1")
			time.Sleep(10 * time.Minute)
		}
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound || r.Visible() || r.Reason != binder.ReasonStartHidden {
			t.Errorf("another address: %+v", r)
		}
		if o, err := b.Drain(t.Context(), "i-1"); err != nil || o.Reason != binder.ReasonDraining || w.record("i-1").Reason == binder.ReasonStartHidden {
			t.Errorf("drained: %+v, %v: %+v", o, err, w.record("i-1"))
		}
	})
}

func TestStartsHidden(t *testing.T) {
	w := newMuxWorld(t, true)
	all := func(o *binder.Options) { o.StartHidden = true }
	set := func(n int) func([]binder.Profile) {
		return func(p []binder.Profile) {
			for i := range n {
				p[i].Options = append(p[i].Options, all)
			}
		}
	}
	if w.mux().StartsHidden() || w.mux(set(2)).StartsHidden() || !w.mux(set(3)).StartsHidden() {
		t.Error("a Mux starts hidden if all its profiles do")
	}
}
