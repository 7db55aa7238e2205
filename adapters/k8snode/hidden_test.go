package k8snode_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
)

// hideable are the ways in which a node comes to be hidden.
func hideable() map[string]func(w *world, node string) {
	return map[string]func(w *world, node string){
		"cordoned": func(w *world, node string) {
			w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
		},
		"disrupted": func(w *world, node string) {
			w.edit(node, func(n *corev1.Node) {
				n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "karpenter.sh/disrupted", Effect: corev1.TaintEffectNoSchedule})
			})
		},
		"deleted": func(w *world, node string) { w.remove(node) },
	}
}

// A node that is to be hidden while it is being bound, or before it can be, is
// never shown: not for a moment.
func TestHiddenWhileBeingBound(t *testing.T) {
	for name, hide := range hideable() {
		t.Run(name+" while its name is published", func(t *testing.T) {
			w := newWorld(t, 1, onlyFirstSweep)
			zone := w.holdZone()
			w.start()
			w.firstSweepEnded()
			id := w.launch(binder.Running)
			node := w.register("a", id, finalized, registered).Name
			w.eventually("its name is waited for", func() bool { return zone.waits.Load() > 0 })
			hide(w, node)
			w.stays("not bound", func() bool { return !w.visible(id) })
			zone.let()
			w.boundHidden(name, node, id)
		})
		t.Run(name+" before there is an address, and bound by a sweep", func(t *testing.T) {
			w := newWorld(t, 0)
			w.start()
			id := w.launch(binder.Running)
			node := w.register("a", id, finalized, registered).Name
			w.eventually("told", func() bool { return w.told(node, "PoolExhausted") })
			hide(w, node)
			w.stays("not bound", func() bool { return !w.visible(id) })
			w.addAddress("eipalloc-late", "203.0.113.9")
			w.boundHidden(name, node, id)
		})
	}
}

// boundHidden waits until the worker is bound, and wants that nobody saw it, and
// that the node's event says why.
func (w *world) boundHidden(why, node, id string) {
	w.Helper()
	w.eventually("bound", func() bool { r := w.record(id); return r != nil && !r.BoundAt.IsZero() })
	if why != "deleted" {
		w.eventually("the node says so", func() bool { return w.state(node) == k8snode.StateHidden })
		w.toldOnce(node, "Bound", corev1.EventTypeNormal, "; schedule servers do not see it: "+why)
	}
	if n := w.shown.Load(); n > 0 {
		w.Errorf("%d writes showed it", n)
	}
}
