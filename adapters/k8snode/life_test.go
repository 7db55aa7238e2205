package k8snode_test

import (
	"slices"
	"strings"
	"testing"
	"time"

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
	w.eventually("the node says so", func() bool { return w.state(node) == "hidden" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.stays("not the controller's", func() bool { return w.node(node).Annotations[k8snode.AnnotationHidden] == "" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = false })
	w.stays("hidden", func() bool { return !w.visible(id) })
	if _, err := w.binder.Undrain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.eventually("the node says so", func() bool { return w.state(node) == "bound" })
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

// With a readiness gate, a worker is visible only while a pod on it is ready.
func TestReadyPods(t *testing.T) {
	w := newWorld(t, 1, func(o *k8snode.Options) { o.ReadyPods, o.ReadyNamespace = mustParse(t, "app=media"), "default" })
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound and hidden", func() bool { r := w.record(id); return r != nil && r.Draining && !hasTaint(w.node(node), gate) })
	other := w.pod(node, "sidekick")
	w.ready(other, true)
	pod := w.pod(node, "media")
	w.stays("hidden", func() bool { return !w.visible(id) })
	w.ready(pod, true)
	w.eventually("visible", func() bool { return w.visible(id) })
	w.ready(pod, false)
	w.eventually("hidden", func() bool { return !w.visible(id) })
	w.ready(pod, true)
	w.eventually("visible", func() bool { return w.visible(id) })
	if err := w.kube.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	w.eventually("hidden", func() bool { return !w.visible(id) })
}

// With a dry pool a node waits, and its event says why.
func TestDryPoolWait(t *testing.T) {
	w := newWorld(t, 0)
	w.start(func(o *k8snode.Options) { o.DryTimeout = 0 })
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("told", func() bool { return w.told(node, "PoolExhausted") })
	w.stays("the gate is closed", func() bool { return hasTaint(w.node(node), gate) })
}

// Or it is let in, says so, and still gets the next address.
func TestDryPoolAdmit(t *testing.T) {
	w := newWorld(t, 0)
	w.start(func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, 2*time.Second })
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("told", func() bool { return w.told(node, "PoolExhausted") })
	if !hasTaint(w.node(node), gate) {
		t.Error("let in too early")
	}
	w.eventually("let in", func() bool { return !hasTaint(w.node(node), gate) })
	if w.node(node).Labels[k8snode.LabelGaveUp] != "true" {
		t.Error("not labelled")
	}
	w.addAddress("eipalloc-late", "203.0.113.9")
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node) == "bound" })
	if _, labelled := w.node(node).Labels[k8snode.LabelGaveUp]; labelled {
		t.Error("still labelled")
	}
}
