package binder_test

import (
	"testing"
	"testing/synctest"

	"github.com/eipbinder/eipbinder/binder"
)

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
