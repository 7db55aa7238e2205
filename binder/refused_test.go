package binder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// An instance that is refused gets no new binding, by a call or by a sweep, and
// says why; what is bound to it already is worked on, and ends with it.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		for _, id := range []string{"i-1", "i-2", "i-3"} {
			w.launch(id)
		}
		b := w.binder()
		if _, err := b.Reconcile(t.Context(), "i-1"); err != nil {
			t.Fatal(err)
		}
		refused := binder.WithRefused(t.Context(), func(id string) string {
			return map[string]string{"i-1": "another's", "i-2": "another's"}[id]
		})
		outcomes, err := b.Reconcile(refused, "i-1", "i-2")
		if err != nil || outcomes[0].Status != binder.AlreadyBound {
			t.Errorf("%+v, %v", outcomes, err)
		}
		if o := outcomes[1]; o.Status != binder.NotReady || o.Reason != "another's" || o.RetryAfter <= 0 || o.AllocationID != "" {
			t.Errorf("%+v", o)
		}
		plan, err := b.Sweep(refused, func(o *binder.SweepOptions) { o.DryRun = true })
		var planned []string
		for _, a := range plan.Actions {
			planned = append(planned, a.Verb+" "+a.InstanceID+" "+a.Reason)
		}
		if diff := cmp.Diff([]string{"wait i-2 another's", "bind i-3 "}, planned); err != nil || diff != "" {
			t.Errorf("planned %s, %v", diff, err)
		}
		if _, err := b.Sweep(refused); err != nil || w.record("i-2") != nil || w.record("i-3").Phase != store.Bound {
			t.Errorf("%v, %v", w.records(), err)
		}
		if o, err := b.Drain(refused, "i-1"); err != nil || o.Reason != binder.ReasonDraining {
			t.Errorf("%+v, %v", o, err)
		}
		time.Sleep(time.Hour)
		w.fleet.SetState("i-1", binder.Terminated)
		if outcomes, err = b.Reconcile(refused, "i-1"); err != nil || outcomes[0].Status != binder.Unbound {
			t.Errorf("%+v, %v", outcomes, err)
		}
		if outcomes, err = b.Reconcile(t.Context(), "i-2"); err != nil || outcomes[0].Status != binder.Bound {
			t.Errorf("refused no more: %+v, %v", outcomes, err)
		}
	})
}
