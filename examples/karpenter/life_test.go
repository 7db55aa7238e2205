package karpenter

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/store"
)

// TestKarpenter runs workers' lives, from pending pods on. One worker lives to
// the end, and nothing that happens to others may touch it.
func TestKarpenter(t *testing.T) {
	c := newCluster(t)
	w := &world{cluster: c, cloud: newCloud(t)}
	w.allocate(t, 3)
	startKubelets(t, c, w.cloud)
	w.programs = append(w.programs, startKarpenter(t, c, w.cloud))

	w.launch(t, "a", "b")
	controller := startController(t, c, w.cloud)
	w.programs = append(w.programs, controller)
	a, b := w.bound(t, "a"), w.bound(t, "b")
	w.createPod(t, "c")
	survivor := w.bound(t, "c")

	w.disrupt(t, a)
	w.kill(t, b)

	w.wantUsable(t, survivor)
	if pod := w.pod(t, "c"); pod == nil || pod.Spec.NodeName != survivor.node.Name || pod.Status.Phase != corev1.PodRunning {
		t.Errorf("the pod that nobody has touched: %v", pod)
	}
	if n := w.associated(t); n != 1 {
		t.Errorf("%d addresses are associated, want the survivor's", n)
	}
	w.programs = slices.DeleteFunc(w.programs, func(p *process) bool { return p == controller })
	if status := controller.interrupt(t); status != 0 {
		t.Errorf("the controller ends with status %d", status)
	}
}

// launch: Karpenter launches a worker for each pod, and registers it; but no pod
// gets there, as long as there is no controller.
func (w *world) launch(t *testing.T, pods ...string) {
	for _, name := range pods {
		w.createPod(t, name, sessions)
	}
	w.eventually(t, "Karpenter has registered the workers", func() bool { return len(w.nodes(t)) == len(pods) })
	for _, node := range w.nodes(t) {
		if !gated(&node) {
			t.Fatalf("the node %s has no startup taint: %v", node.Name, node.Spec.Taints)
		}
	}
	for _, name := range pods {
		w.eventually(t, "the scheduler has refused "+name+" for the taint", func() bool { return unschedulable(w.pod(t, name)) })
	}
	if n := w.associated(t); n != 0 {
		t.Errorf("%d addresses are associated before the controller runs", n)
	}
}

// bound waits until the pod runs, which must be on a worker with everything.
func (w *world) bound(t *testing.T, pod string) worker {
	t.Helper()
	w.eventually(t, "the pod "+pod+" runs", func() bool { return w.pod(t, pod).Status.Phase == corev1.PodRunning })
	node := w.node(t, w.pod(t, pod).Spec.NodeName)
	k := worker{
		node:       node,
		instanceID: node.Spec.ProviderID[len(node.Spec.ProviderID)-len("i-0123456789abcdef0"):],
		address:    node.Annotations["eipbinder.io/address"],
		name:       node.Annotations["eipbinder.io/name"],
	}
	w.wantUsable(t, k)
	w.eventually(t, "Karpenter has initialized the worker of "+pod, func() bool {
		return w.node(t, node.Name).Labels["karpenter.sh/initialized"] == "true"
	})
	return k
}

// wantUsable checks that node, EC2, zone and tables agree on a worker's binding.
func (w *world) wantUsable(t *testing.T, k worker) {
	t.Helper()
	node := w.node(t, k.node.Name)
	if node == nil || gated(node) || node.Annotations["eipbinder.io/address"] != k.address || node.Labels["eipbinder.io/state"] != "bound" {
		t.Errorf("the node of %s is not that of a bound worker: %v", k.instanceID, node)
	}
	if ip := w.addressOf(t, k.instanceID); ip == "" || ip != k.address {
		t.Errorf("the worker %s has the address %q, its node says %q", k.instanceID, ip, k.address)
	}
	if ip := w.names(t)[k.name]; ip == "" || ip != k.address {
		t.Errorf("the zone says that %q is %q, the node says %q", k.name, ip, k.address)
	}
	if r := w.record(t, k.address); r.Phase != store.Bound || r.InstanceID != k.instanceID || r.Draining {
		t.Errorf("the record is not that of a bound worker %s: %+v", k.instanceID, r)
	}
	if !w.visible(t, k.address) {
		t.Errorf("schedule servers do not see %s", k.address)
	}
}

// disrupt: the NodeClaim is deleted. Karpenter waits for the sessions of the
// worker's pod; as long as they last, the worker is hidden, and keeps what it has.
func (w *world) disrupt(t *testing.T, k worker) {
	must(t, w.Delete(t.Context(), w.claims(t)[k.node.Name]))
	w.eventually(t, "the disrupted worker is hidden", func() bool { return !w.visible(t, k.address) })
	w.eventually(t, "its pod is evicted", func() bool { return w.pod(t, "a").DeletionTimestamp != nil })
	if r := w.record(t, k.address); r.Phase != store.Bound || !r.Draining || !w.runs(t, k.instanceID) ||
		w.addressOf(t, k.instanceID) != k.address || w.names(t)[k.name] != k.address {
		t.Errorf("a worker that leaves does not keep address and name while its sessions last: %+v", r)
	}
	w.endSessions(t, "a")
	w.eventually(t, "Karpenter has terminated it", func() bool { return w.node(t, k.node.Name) == nil })
	w.wantUnbound(t, k)
}

// kill: an instance ends, and neither the Node nor Karpenter knows. What it had is
// taken back all the same. Then Karpenter is told.
func (w *world) kill(t *testing.T, k worker) {
	w.endSessions(t, "b")
	w.terminate(t, k.instanceID)
	w.wantUnbound(t, k)
	if w.claims(t)[k.node.Name] == nil {
		t.Error("Karpenter noticed by itself: the test proves less than it says")
	}
	w.announce(t, k.instanceID)
	w.eventually(t, "Karpenter has taken the killed worker's node away", func() bool { return w.node(t, k.node.Name) == nil })
}

// endSessions lets the pod go as soon as it is to.
func (w *world) endSessions(t *testing.T, name string) {
	pod := w.pod(t, name)
	pod.Finalizers = nil
	must(t, w.Update(t.Context(), pod))
}

// wantUnbound waits until nothing of the worker's binding is left, and its address
// cools down.
func (w *world) wantUnbound(t *testing.T, k worker) {
	t.Helper()
	w.eventually(t, "the binding of "+k.instanceID+" is taken back", func() bool { return w.record(t, k.address).Phase == store.Free })
	r := w.record(t, k.address)
	if r.LastInstanceID != k.instanceID || !r.ReusableAt.After(time.Now()) {
		t.Errorf("the address of %s does not cool down: %+v", k.instanceID, r)
	}
	if _, published := w.names(t)[k.name]; published || w.visible(t, k.address) {
		t.Errorf("of %s there is a name still (%t), or a row (%t)", k.instanceID, published, w.visible(t, k.address))
	}
	if ip := w.addressOf(t, k.instanceID); ip != "" {
		t.Errorf("%s still has the address %s", k.instanceID, ip)
	}
}
