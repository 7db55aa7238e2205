package k8snode_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// newReadyWorld shows workers only while a pod of the app media is ready on them.
func newReadyWorld(t *testing.T, addresses int) *world {
	w := newWorld(t, addresses, func(o *k8snode.Options) { o.ReadyPods, o.ReadyNamespace = mustParse(t, "app=media"), "default" })
	w.binding = append(w.binding, func(o *binder.Options) { o.StartHidden = true })
	return w
}

// With a readiness gate, a worker is visible only while a pod on it is ready, and
// never before the first one is: not for a moment, and not for a restart.
func TestReadyPods(t *testing.T) {
	w := newReadyWorld(t, 1)
	c := w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound and hidden", func() bool { return w.state(node) == "hidden" && !hasTaint(w.node(node), gate) })
	other := w.pod(node, "sidekick")
	w.ready(other, true)
	pod := w.pod(node, "media")
	w.stays("hidden", func() bool { return !w.visible(id) })
	c.stop()
	w.start()
	w.stays("hidden", func() bool { return !w.visible(id) })
	if n := w.shown.Load(); n > 0 {
		t.Errorf("%d writes showed the worker before its pod was ready", n)
	}
	w.ready(pod, true)
	w.eventually("visible", func() bool { return w.visible(id) && w.state(node) == "bound" })
	w.eventually("told", func() bool { return slices.Equal(w.reasons(node), []string{"Bound", "Shown"}) })
	if note := w.events(node, "Bound")[0].Note; !strings.Contains(note, "; schedule servers do not see it") {
		t.Errorf("told %q", note)
	}
	w.ready(pod, false)
	w.eventually("hidden", func() bool { return !w.visible(id) })
	w.ready(pod, true)
	w.eventually("visible", func() bool { return w.visible(id) })
	if err := w.kube.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	w.eventually("hidden", func() bool { return !w.visible(id) })
}

// A worker that gets another address is hidden, and shown again since its pod is
// ready; one whose pod is ready before it is bound is shown, too.
func TestReadyPodsFirst(t *testing.T) {
	w := newReadyWorld(t, 1)
	w.start()
	id := w.launch(binder.Pending)
	node := w.register("a", id, registered).Name
	w.ready(w.pod(node, "media"), true)
	w.fleet.SetState(id, binder.Running)
	w.eventually("visible", func() bool { return w.visible(id) && w.state(node) == "bound" })
	before := w.record(id)
	w.addAddress("eipalloc-next", "203.0.113.9")
	if err := w.pool.Disassociate(t.Context(), before.AssociationID); err != nil {
		t.Fatal(err)
	}
	if err := w.mempool.Release(t.Context(), before.AllocationID); err != nil {
		t.Fatal(err)
	}
	w.eventually("visible at the next address", func() bool {
		return w.visible(id) && w.state(node) == "bound" && w.node(node).Annotations[k8snode.AnnotationAddress] == "203.0.113.9"
	})
}

// A Binder that starts hidden, and no gate by pods: the worker is shown at once.
func TestStartHiddenWithoutGate(t *testing.T) {
	w := newWorld(t, 1)
	w.binding = append(w.binding, func(o *binder.Options) { o.StartHidden = true })
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("visible", func() bool { return w.visible(id) && w.state(node) == "bound" && !hasTaint(w.node(node), gate) })
}

// What an operator has drained before the node was told is not shown by a pod.
func TestReadyPodsAndOperatorsDrain(t *testing.T) {
	w := newReadyWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id).Name // which is told once Karpenter has registered it
	w.eventually("bound", func() bool { r := w.record(id); return r != nil && r.Phase == store.Bound && r.Draining })
	if o, err := w.binder.Drain(t.Context(), id); err != nil || o.Reason != binder.ReasonDraining {
		t.Fatalf("%+v, %v", o, err)
	}
	w.edit(node, registered)
	w.ready(w.pod(node, "media"), true)
	w.eventually("the node says so", func() bool { return w.state(node) == "hidden" })
	w.stays("hidden", func() bool { return !w.visible(id) })
}
