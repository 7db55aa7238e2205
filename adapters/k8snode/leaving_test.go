package k8snode

import (
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
)

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
		t.Run(name, func(t *testing.T) {
			b := &scripted{outcome: row.order}
			node := labelled(StateBound, false)
			node.Finalizers = []string{"karpenter.sh/termination"}
			c, said := controllerOn(t, b, node)
			if err := c.client.Delete(t.Context(), node); err != nil {
				t.Fatal(err)
			}
			carriedOut(t, c)
			if row.swept {
				c.looks.made(unbound)
			}
			reconcileTwice(t, c)
			node = theNode(t, c)
			node.Finalizers = nil
			if err := c.client.Update(t.Context(), node); err != nil {
				t.Fatal(err)
			}
			reconcileTwice(t, c)
			if call, ids := c.looks.depart(); len(ids) > 0 {
				c.looks.land(call, row.look)
			}
			reconcileTwice(t, c)
			if text := said(); strings.Count(text, "Normal Unbound") != 1 {
				t.Errorf("said %q", text)
			}
			if b.calls != 1 {
				t.Errorf("%d orders", b.calls)
			}
			if know := c.looks.of(instance); know.node != "" {
				t.Errorf("it is not forgotten: %+v", know)
			}
		})
	}
}

func reconcileTwice(t *testing.T, c *Controller) {
	t.Helper()
	for range 2 {
		if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
			t.Error(err)
		}
	}
}
