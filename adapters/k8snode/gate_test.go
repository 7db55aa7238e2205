package k8snode_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
)

func gatedAgain(n *corev1.Node) { n.Spec.Taints = append([]corev1.Taint{gate}, n.Spec.Taints...) }

// A startup taint that comes back to a node whose worker is bound, as Karpenter's
// registration may bring it, goes again, without a sweep. While the node is not
// registered it stays, and the node still tells what becomes of its worker.
func TestTaintComesBack(t *testing.T) {
	w := newWorld(t, 1, onlyFirstSweep)
	w.start()
	w.firstSweepEnded()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("the gate is open", func() bool { return !hasTaint(w.node(node), gate) && w.state(node) == "bound" })
	w.edit(node, gatedAgain)
	w.eventually("the gate is open again", func() bool { return !hasTaint(w.node(node), gate) })

	w.edit(node, func(n *corev1.Node) {
		gatedAgain(n)
		delete(n.Labels, "karpenter.sh/registered")
		n.Spec.Unschedulable = true
	})
	w.eventually("the node says that it is hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	w.stays("the gate is closed", func() bool { return hasTaint(w.node(node), gate) })
	w.edit(node, registered)
	w.eventually("the gate is open once more", func() bool { return !hasTaint(w.node(node), gate) })
	if n := w.node(node); n.Labels[k8snode.LabelState] != "hidden" || !hasTaint(n, foreign) {
		t.Errorf("state %q, taints %v", n.Labels[k8snode.LabelState], n.Spec.Taints)
	}
}

// Without a gate a node is told as soon as its worker is bound, registered or not;
// its taints are all somebody else's, and there is nothing to let it in by.
func TestNoGate(t *testing.T) {
	w := newWorld(t, 1, func(o *k8snode.Options) {
		o.Taint, o.DryPool, o.DryTimeout, o.Patience = corev1.Taint{}, k8snode.Admit, 0, 0
	})
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id).Name
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node) == "bound" })
	if n := w.node(node); n.Annotations[k8snode.AnnotationAddress] != w.record(id).IP.String() {
		t.Errorf("annotations %v", n.Annotations)
	}
	dry := w.register("dry", w.launch(binder.Running), registered).Name
	w.eventually("told", func() bool { return w.told(dry, "PoolExhausted") })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	w.stays("the taints are left alone, and nobody gives up", func() bool {
		d := w.node(dry)
		return hasTaint(w.node(node), gate) && hasTaint(d, gate) && d.Labels[k8snode.LabelGaveUp] == "" && d.Annotations[k8snode.AnnotationDry] == ""
	})
	if w.told(node, "WaitingForRegistration") || w.told(dry, "GaveUp") {
		t.Errorf("told %v and %v", w.reasons(node), w.reasons(dry))
	}
}
