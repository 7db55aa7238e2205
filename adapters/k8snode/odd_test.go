package k8snode_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
)

func mustParse(t *testing.T, selector string) labels.Selector {
	t.Helper()
	parsed, err := labels.Parse(selector)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func (w *world) addAddress(allocationID, ip string) {
	w.mempool.Add(eippool.Address{AllocationID: allocationID, IP: netip.MustParseAddr(ip)})
}

// pod runs on the node; it is not ready yet.
func (w *world) pod(node, app string) *corev1.Pod {
	w.Helper()
	none := int64(0)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: node + "-" + app, Namespace: "default", Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			NodeName: node, HostNetwork: true, TerminationGracePeriodSeconds: &none,
			Containers: []corev1.Container{{Name: "server", Image: "example.com/server"}},
		},
	}
	if err := w.kube.Create(w.Context(), pod); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = w.kube.Delete(context.WithoutCancel(w.Context()), pod) })
	return pod
}

func (w *world) ready(pod *corev1.Pod, ready bool) {
	w.Helper()
	status := map[bool]corev1.ConditionStatus{true: corev1.ConditionTrue, false: corev1.ConditionFalse}[ready]
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
	if err := w.kube.Status().Update(w.Context(), pod); err != nil {
		w.Fatal(err)
	}
}

// A node that says later which instance it is, is served then.
func TestProviderIDMissingAtFirst(t *testing.T) {
	w := newWorld(t, 1, func(o *k8snode.Options) { o.Patience = time.Second })
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", "", registered).Name
	w.eventually("told", func() bool { return w.told(node, "NoInstance") })
	w.edit(node, func(n *corev1.Node) { n.Spec.ProviderID = "aws:///eu-central-1a/" + id })
	w.eventually("bound", func() bool { return w.visible(id) && !hasTaint(w.node(node), gate) })
}

// Karpenter up to 0.31 has another label for its nodes, and none for those that it
// has registered.
func TestOlderKarpenter(t *testing.T) {
	w := newWorld(t, 2, func(o *k8snode.Options) {
		o.Selector, o.RegisteredLabel = mustParse(t, "karpenter.sh/provisioner-name=older"), ""
	})
	w.start()
	id, other := w.launch(binder.Running), w.launch(binder.Running)
	older := func(n *corev1.Node) {
		delete(n.Labels, "karpenter.sh/nodepool")
		n.Labels["karpenter.sh/provisioner-name"] = "older"
	}
	node, newer := w.register("a", id, older).Name, w.register("b", other, registered).Name
	w.eventually("the gate is open", func() bool { return !hasTaint(w.node(node), gate) && w.state(node) == "bound" && w.visible(id) })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("hidden", func() bool { return !w.visible(id) })
	w.remove(node)
	w.fleet.SetState(id, binder.Terminated)
	w.eventually("unbound", func() bool { return w.record(id) == nil })
	if !hasTaint(w.node(newer), gate) {
		t.Error("a node of another kind was let in")
	}
}

// A node that loses its label is left alone, and its binding ends with it.
func TestLabelRemovedWhileBound(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	w.edit(node, func(n *corev1.Node) { delete(n.Labels, "karpenter.sh/nodepool"); n.Spec.Unschedulable = true })
	w.stays("bound and visible", func() bool { return w.visible(id) && w.state(node) == "bound" })
	w.fleet.SetState(id, binder.Terminated)
	w.remove(node)
	w.eventually("unbound", func() bool { return w.record(id) == nil })
}

// Deleted before its instance runs, a node leaves nothing behind.
func TestDeletedBeforeBound(t *testing.T) {
	w := newWorld(t, 1, onlyFirstSweep)
	w.start()
	w.firstSweepEnded()
	id := w.launch(binder.Pending)
	node := w.register("a", id, registered).Name
	w.eventually("asked", func() bool { return w.calls.asks(id) > 0 })
	w.fleet.SetState(id, binder.Terminated)
	asks := w.calls.asks(id)
	w.remove(node)
	w.eventually("asked once more", func() bool { return w.calls.asks(id) > asks })
	w.stays("unbound", func() bool { return w.record(id) == nil })
	if free, err := w.pool.List(t.Context()); err != nil || free[0].Associated() {
		t.Errorf("%v, %v", free, err)
	}
	other := w.launch(binder.Running)
	w.register("b", other, registered)
	w.eventually("another gets the address", func() bool { return w.visible(other) })
}

// Deleted while it waits for an address, a node does not get the next one.
func TestDeletedWhilePoolIsDry(t *testing.T) {
	w := newWorld(t, 0, onlyFirstSweep)
	w.start()
	w.firstSweepEnded()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("told", func() bool { return w.told(node, "PoolExhausted") })
	w.fleet.SetState(id, binder.Terminated)
	asks := w.calls.asks(id)
	w.remove(node)
	w.eventually("asked once more", func() bool { return w.calls.asks(id) > asks })
	w.addAddress("eipalloc-late", "203.0.113.9")
	other := w.launch(binder.Running)
	w.register("b", other, registered)
	w.eventually("another gets the address", func() bool { return w.visible(other) })
	if r := w.record(id); r != nil {
		t.Errorf("something is left: %+v", r)
	}
}

// Deleted while its instance is being bound, a node is unbound after that: no
// sweep is needed.
func TestDeletedWhileBeingBound(t *testing.T) {
	w := newWorld(t, 1, onlyFirstSweep)
	zone := w.holdZone()
	w.start()
	w.firstSweepEnded()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("it waits for its name", func() bool { return w.holds(id) && zone.waits.Load() > 0 })
	w.remove(node)
	w.fleet.SetState(id, binder.Terminated)
	later := w.launch(binder.Pending)
	w.register("later", later, registered)
	w.eventually("the controller has seen what came after the end", func() bool { return w.calls.asks(later) > 0 })
	zone.let()
	w.eventually("unbound", func() bool { return w.record(id) == nil })
	w.eventually("told", func() bool { return w.told(node, "Unbound") })
	if w.holds(id) {
		t.Error("it still holds the address")
	}
}

// A Node of the same name with another instance is another node.
func TestRegisteredAgain(t *testing.T) {
	w := newWorld(t, 2, onlyFirstSweep)
	w.start()
	w.firstSweepEnded()
	first := w.launch(binder.Running)
	node := w.register("a", first, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	second := w.launch(binder.Running)
	w.fleet.SetState(first, binder.Terminated)
	w.remove(node)
	w.register("a", second, registered)
	w.eventually("the second is bound", func() bool { return w.visible(second) && w.state(node) == "bound" })
	w.eventually("the first is unbound", func() bool { return w.record(first) == nil })
	if got, want := w.node(node).Annotations[k8snode.AnnotationAddress], w.record(second).IP.String(); got != want {
		t.Errorf("the node says %s, the record %s", got, want)
	}
}

// A binding that is lost is taken from the node, and the next one told.
func TestAddressGivenBackByHand(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	a, err := w.pool.Lookup(t.Context(), "eipalloc-0000")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.pool.Disassociate(t.Context(), a[0].AssociationID); err != nil {
		t.Fatal(err)
	}
	if err := w.mempool.Release(t.Context(), "eipalloc-0000"); err != nil {
		t.Fatal(err)
	}
	says := func(address, name, state string) bool {
		n := w.node(node)
		return n.Annotations[k8snode.AnnotationAddress] == address && n.Labels[k8snode.LabelAddress] == address &&
			n.Annotations[k8snode.AnnotationName] == name && n.Labels[k8snode.LabelState] == state
	}
	w.eventually("the node says nothing any more", func() bool { return says("", "", "") })
	w.eventually("told", func() bool { return w.told(node, "Unbound") })
	if hasTaint(w.node(node), gate) {
		t.Error("the startup taint came back")
	}
	w.addAddress("eipalloc-next", "203.0.113.9")
	w.eventually("the next address", func() bool { return says("203.0.113.9", "ip-203-0-113-9.media.example.com", "bound") })
}

// Nodes that leave while no controller runs: the first sweep finds them.
func TestLeavingWhileDown(t *testing.T) {
	w := newWorld(t, 3, onlyFirstSweep)
	c := w.start()
	gone, going, staying := w.launch(binder.Running), w.launch(binder.Running), w.launch(binder.Running)
	nodeGone, nodeGoing := w.register("gone", gone, registered).Name, w.register("going", going, registered, finalized).Name
	w.register("staying", staying, registered)
	for _, id := range []string{gone, going, staying} {
		w.eventually("bound", func() bool { return w.visible(id) })
	}
	c.stop()
	w.fleet.SetState(gone, binder.Terminated)
	w.remove(nodeGone)
	w.remove(nodeGoing)
	w.start()
	w.eventually("unbound", func() bool { return w.record(gone) == nil })
	w.eventually("drained", func() bool { return !w.visible(going) && w.record(going) != nil })
	if !w.visible(staying) {
		t.Error("one that stays is hidden")
	}
}
