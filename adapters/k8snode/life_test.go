package k8snode_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
)

// A node's life with Karpenter costs four requests.
func TestLife(t *testing.T) {
	w := newWorld(t, 1)
	c := w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, finalized).Name
	w.eventually("bound", func() bool { return w.visible(id) })
	w.stays("the gate is closed until Karpenter has registered the node", func() bool { return hasTaint(w.node(node), gate) })
	w.edit(node, registered)
	w.eventually("the gate is open", func() bool { return !hasTaint(w.node(node), gate) })
	n := w.node(node)
	if !hasTaint(n, foreign) {
		t.Error("somebody else's taint is lost")
	}
	for key, want := range map[string]string{
		k8snode.AnnotationAddress: "203.0.0.0", k8snode.AnnotationName: "ip-203-0-0-0.media.example.com", k8snode.AnnotationHidden: "",
	} {
		if got := n.Annotations[key]; got != want {
			t.Errorf("annotation %s is %q, want %q", key, got, want)
		}
	}
	if n.Labels[k8snode.LabelState] != "bound" || n.Labels[k8snode.LabelAddress] != "203.0.0.0" {
		t.Errorf("labels %v", n.Labels)
	}

	w.remove(node)
	w.eventually("drained", func() bool { return !w.visible(id) })
	if r := w.record(id); r == nil || !r.Draining || r.AssociationID == "" {
		t.Errorf("address and name should stay while sessions end: %+v", r)
	}
	w.fleet.SetState(id, binder.Terminated)
	w.edit(node, func(n *corev1.Node) { n.Finalizers = nil })
	w.eventually("unbound", func() bool { return w.record(id) == nil })
	w.eventually("told", func() bool { return w.told(node, "Unbound") })
	if got, want := w.reasons(node), []string{"Bound", "Hidden", "Unbound"}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if made := c.requests.list(); len(made) > 4 {
		t.Errorf("%d requests:\n%s", len(made), strings.Join(made, "\n"))
	}
}

// Cordoned, a worker is hidden; uncordoned, it is shown.
func TestCordon(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	w.stays("hidden", func() bool { return !w.visible(id) })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = false })
	w.eventually("shown", func() bool { return w.visible(id) && w.state(node) == "bound" })
	if w.node(node).Annotations[k8snode.AnnotationHidden] != "" {
		t.Error("the note stayed")
	}
	w.eventually("told", func() bool { return slices.Equal(w.reasons(node), []string{"Bound", "Hidden", "Shown"}) })
}

// What an operator has drained stays drained, whatever becomes of the node.
func TestOperatorsDrain(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	if _, err := w.binder.Drain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.eventually("the node says so", func() bool { return w.state(node) == "hidden" && w.told(node, "Hidden") })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.stays("not the controller's", func() bool { return w.node(node).Annotations[k8snode.AnnotationHidden] == "" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = false })
	w.stays("hidden", func() bool { return !w.visible(id) })
	if _, err := w.binder.Undrain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.eventually("the node says so", func() bool { return w.state(node) == "bound" && w.told(node, "Shown") })
	if got, want := w.reasons(node), []string{"Bound", "Hidden", "Shown"}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

// A controller that died between its note and the draining, or the showing and
// its note, is continued.
func TestHiddenOverRestart(t *testing.T) {
	w := newWorld(t, 1)
	c := w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	c.stop()
	w.edit(node, func(n *corev1.Node) {
		n.Spec.Unschedulable, n.Annotations[k8snode.AnnotationHidden] = true, "cordoned"
	})
	c = w.start()
	w.eventually("hidden", func() bool { return !w.visible(id) })
	c.stop()
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = false })
	w.start()
	w.eventually("shown", func() bool { return w.visible(id) && w.state(node) == "bound" })
}

// slowDrain is a Binder that drains nothing until it is let to.
type slowDrain struct {
	*binder.Binder
	let chan struct{}
}

func (b slowDrain) Drain(ctx context.Context, id string) (binder.Outcome, error) {
	select {
	case <-b.let:
	case <-ctx.Done():
	}
	return b.Binder.Drain(ctx, id)
}

// A worker whose draining takes long keeps no other node waiting.
func TestSlowDrain(t *testing.T) {
	w := newWorld(t, 2)
	b := slowDrain{w.newBinder(w.records), make(chan struct{})}
	w.run(w.newController(b, func(o *k8snode.Options) { o.Concurrency = 1 }))
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node) == "bound" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("to be hidden", func() bool { return w.state(node) == "hidden" })
	other := w.launch(binder.Running)
	next := w.register("b", other, registered).Name
	w.eventually("the other one is bound", func() bool { return w.visible(other) && !hasTaint(w.node(next), gate) })
	if !w.visible(id) || w.told(node, "Hidden") {
		t.Error("it is hidden already")
	}
	close(b.let)
	w.eventually("hidden", func() bool { return !w.visible(id) && w.told(node, "Hidden") })
}

// Karpenter announces a disruption by a taint, and may think better of it.
func TestDisruption(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.visible(id) })
	w.edit(node, func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "karpenter.sh/disrupted", Effect: corev1.TaintEffectNoSchedule})
	})
	w.eventually("hidden", func() bool { return !w.visible(id) })
	w.edit(node, func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{foreign} })
	w.eventually("shown", func() bool { return w.visible(id) })
}

// That a node is not ready means nothing.
func TestNotReady(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered)
	w.eventually("bound", func() bool { return w.visible(id) })
	n := w.node(node.Name)
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse, LastHeartbeatTime: metav1.Now()}}
	if err := w.kube.Status().Update(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	w.edit(node.Name, func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "node.kubernetes.io/unreachable", Effect: corev1.TaintEffectNoExecute})
	})
	w.stays("bound and visible", func() bool { return w.visible(id) })
}
