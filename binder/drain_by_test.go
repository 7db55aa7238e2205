package binder_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// What a program wants hidden is never shown: it is bound drained. What an operator
// drained before is the operator's.
func TestBoundDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		for _, id := range []string{"i-1", "i-2", "i-3"} {
			w.launch(id)
		}
		var shown atomic.Int64
		w.hook = func(_ string, do func() error) error {
			err := do()
			for _, r := range w.records() {
				if r.Visible() && r.InstanceID != "i-2" {
					shown.Add(1)
				}
			}
			return err
		}
		b := w.binder()
		ctx := binder.WithDrained(t.Context(), func(id string) string {
			return map[string]string{"i-1": "a", "i-3": "a"}[id]
		})
		outcomes, err := b.Reconcile(ctx, "i-1", "i-2")
		if err != nil || outcomes[0].Reason != binder.DrainedBy("a") || outcomes[1].Reason != "" || outcomes[0].Status != binder.Bound {
			t.Errorf("%+v, %v", outcomes, err)
		}
		report, err := b.Sweep(ctx) // binds the third
		if err != nil || !w.record("i-2").Visible() || w.record("i-3").Reason != binder.DrainedBy("a") {
			t.Errorf("%+v, %v", report.Outcomes, err)
		}
		if n := shown.Load(); n > 0 {
			t.Errorf("schedule servers saw a drained worker after %d calls", n)
		}
		w.hook = nil
		o, err := b.Undrain(t.Context(), "i-1", func(o *binder.DrainOptions) { o.By = "a" })
		if err != nil || o.Reason != "" {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

// That holds for a worker that starts hidden, too, so that no other program shows
// it, and for one that was hidden by a stop.
func TestBoundDrainedThoughHidden(t *testing.T) {
	by := func(string) string { return "a" }
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		starting := w.binder(func(o *binder.Options) { o.StartHidden = true })
		outcomes, err := starting.Reconcile(binder.WithDrained(t.Context(), by), "i-1")
		if err != nil || outcomes[0].Reason != binder.DrainedBy("a") {
			t.Errorf("%+v, %v", outcomes, err)
		}

		w.launch("i-2")
		b := w.binder()
		want(t, reconcile(t, b, "i-2"), binder.Bound)
		w.fleet.SetState("i-2", binder.Stopped)
		reconcile(t, b, "i-2")
		w.zone.Remove(aRecord("i-2."+suffix, "").RRKey)
		w.fleet.SetState("i-2", binder.Running)
		for w.record("i-2").Reason != binder.DrainedBy("a") {
			if w.record("i-2").Visible() {
				t.Fatal("it is shown")
			}
			if _, err := b.Sweep(binder.WithDrained(t.Context(), by)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A worker is hidden by one at a time, and a program shows only what it has
// hidden itself.
func TestDrainedBy(t *testing.T) {
	by := func(who string) func(*binder.DrainOptions) { return func(o *binder.DrainOptions) { o.By = who } }
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		for n, step := range []struct {
			undrain bool
			by      string
			reason  string
		}{
			{false, "a", binder.DrainedBy("a")},
			{false, "a", binder.DrainedBy("a")},
			{false, "b", binder.DrainedBy("a")},
			{true, "b", binder.DrainedBy("a")},
			{true, "a", ""},
			{false, "b", binder.DrainedBy("b")},
			{false, "", binder.ReasonDraining},
			{false, "b", binder.ReasonDraining},
			{true, "b", binder.ReasonDraining},
			{true, "", ""},
			{true, "a", ""},
			{false, "a", binder.DrainedBy("a")},
			{true, "", ""},
		} {
			order := b.Drain
			if step.undrain {
				order = b.Undrain
			}
			o, err := order(t.Context(), "i-1", by(step.by))
			if err != nil || o.Status != binder.AlreadyBound || o.Reason != step.reason {
				t.Fatalf("step %d, %+v: %+v, %v", n, step, o, err)
			}
			if visible := w.record("i-1").Visible(); visible != (step.reason == "") {
				t.Fatalf("step %d, %+v: visible: %t", n, step, visible)
			}
			if o := reconcile(t, b, "i-1"); o.Reason != step.reason {
				t.Fatalf("step %d, %+v: a Reconcile says %+v", n, step, o)
			}
		}
	})
}
