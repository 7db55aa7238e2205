package k8snode

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eipbinder/eipbinder/binder"
)

// leavingNode is being deleted, and held by a finalizer.
func leavingNode() *corev1.Node {
	n := labelled(StateBound, false)
	n.DeletionTimestamp, n.Finalizers = &metav1.Time{Time: time.Now()}, []string{"karpenter.sh/termination"}
	return n
}

// That a binding was taken back is told once, whether a sweep finds it first, the
// order to hide, or the look after the Node is gone.
func TestUnboundWhileLeaving(t *testing.T) {
	gone := binder.Outcome{InstanceID: instance, Status: binder.Gone}
	unbound := binder.Outcome{InstanceID: instance, Status: binder.Unbound}
	drained := aBound(binder.DrainedBy(HiddenBy))
	for name, row := range map[string]struct {
		order, look binder.Outcome
		swept       bool
	}{
		"by a sweep":       {drained, gone, true},
		"by the order":     {unbound, gone, false},
		"before the start": {gone, gone, false},
		"by the look":      {drained, unbound, false},
	} {
		b := &faulty{outcome: row.order}
		c, said := controllerOn(t, b, leavingNode(), nil)
		carriedOut(t, c)
		if row.swept {
			c.looks.made(unbound)
		}
		for range 2 {
			if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
				t.Error(err)
			}
		}
		n := theNode(t, c)
		n.Finalizers = nil
		if err := c.client.Update(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
				t.Error(err)
			}
			if call, ids := c.looks.depart(); len(ids) > 0 {
				c.looks.land(call, row.look)
			}
		}
		if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
			t.Error(err)
		}
		if text := said(); strings.Count(text, "Normal Unbound") != 1 {
			t.Errorf("%s: said %q", name, text)
		}
		if b.calls != 1 && name != "before the start" {
			t.Errorf("%s: %d orders", name, b.calls)
		}
		if know := c.looks.of(instance); know.node != "" {
			t.Errorf("%s: it is not forgotten: %+v", name, know)
		}
	}
}
