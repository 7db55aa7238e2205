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

// A node's life with Karpenter costs five requests.
func TestLife(t *testing.T) {
	w := newWorld(t, 1, onlyFirstSweep)
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
		k8snode.AnnotationAddress: "203.0.0.0", k8snode.AnnotationName: "ip-203-0-0-0.media.example.com",
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
	if made := c.requests.list(); len(made) > 5 {
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
	w.stays("hidden", func() bool { return !w.visible(id) })
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

// A controller that died between the draining, or the showing, and telling the
// node is continued, and so is what came while none ran.
func TestHiddenOverRestart(t *testing.T) {
	w := newWorld(t, 1)
	c := w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	c.stop()
	cordon := func(on bool) { w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = on }) }
	byController := func(o *binder.DrainOptions) { o.By = k8snode.HiddenBy }
	cordon(true)
	c = w.start()
	w.eventually("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	c.stop()
	cordon(false)
	c = w.start()
	w.eventually("shown", func() bool { return w.visible(id) && w.state(node) == "bound" })
	c.stop()
	if o, err := w.binder.Drain(t.Context(), id, byController); err != nil || o.Reason == "" {
		t.Fatalf("%+v, %v", o, err)
	}
	c = w.start()
	w.eventually("shown, though the node had not been told that it was hidden", func() bool { return w.visible(id) && w.state(node) == "bound" })
	cordon(true)
	w.eventually("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	c.stop()
	if o, err := w.binder.Undrain(t.Context(), id, byController); err != nil || o.Reason != "" {
		t.Fatalf("%+v, %v", o, err)
	}
	w.start()
	w.eventually("hidden, though the node said so before", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
}

// A worker that an operator drains while a controller hides it is the operator's.
func TestOperatorDrainsWhatIsHidden(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.state(node) == "bound" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	if o, err := w.binder.Drain(t.Context(), id); err != nil || o.Reason != binder.ReasonDraining {
		t.Fatalf("%+v, %v", o, err)
	}
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = false })
	w.stays("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
}

// A Node that is deleted and registered again, with an instance that has run on,
// is shown again; what an operator has drained meanwhile is not.
func TestDeletedAndRegisteredAgain(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		w := newWorld(t, 1)
		c := w.start()
		id := w.launch(binder.Running)
		again := func() {
			node := w.register("a", id, finalized, registered).Name
			w.eventually("bound and shown", func() bool { return w.visible(id) && w.state(node) == "bound" && !hasTaint(w.node(node), gate) })
			w.remove(node)
			w.eventually("hidden", func() bool { return !w.visible(id) })
			w.edit(node, func(n *corev1.Node) { n.Finalizers = nil })
			if restarts {
				c.stop()
				c = w.start()
			}
		}
		again()
		again()
		if _, err := w.binder.Drain(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		node := w.register("a", id, registered).Name
		w.eventually("bound", func() bool { return w.state(node) == "hidden" && !hasTaint(w.node(node), gate) })
		w.stays("hidden", func() bool { return !w.visible(id) })
	}
}

// slowDrain is a Binder that drains nothing until it is let to.
type slowDrain struct {
	*binder.Binder
	asked, let chan struct{}
}

func (b slowDrain) Drain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	b.asked <- struct{}{}
	select {
	case <-b.let:
	case <-ctx.Done():
	}
	return b.Binder.Drain(ctx, id, optFns...)
}

// A worker whose draining takes long keeps no other node waiting.
func TestSlowDrain(t *testing.T) {
	w := newWorld(t, 2)
	b := slowDrain{w.newBinder(w.records), make(chan struct{}, 9), make(chan struct{})}
	w.run(w.newController(b, func(o *k8snode.Options) { o.Concurrency = 1 }))
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node) == "bound" })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("to be hidden", func() bool { return len(b.asked) > 0 })
	other := w.launch(binder.Running)
	next := w.register("b", other, registered).Name
	w.eventually("the other one is bound", func() bool { return w.visible(other) && !hasTaint(w.node(next), gate) })
	if !w.visible(id) || w.told(node, "Hidden") {
		t.Error("it is hidden already")
	}
	close(b.let)
	w.eventually("hidden", func() bool { return !w.visible(id) && w.told(node, "Hidden") })
}

// Karpenter announces a disruption by a taint, which had another key before version
// 1, and may think better of it.
func TestDisruption(t *testing.T) {
	for _, announced := range []corev1.Taint{
		{Key: "karpenter.sh/disrupted", Effect: corev1.TaintEffectNoSchedule},
		{Key: "karpenter.sh/disruption", Value: "disrupting", Effect: corev1.TaintEffectNoSchedule},
	} {
		t.Run(announced.Key, func(t *testing.T) {
			w := newWorld(t, 1)
			w.start()
			id := w.launch(binder.Running)
			node := w.register("a", id, registered).Name
			w.eventually("bound", func() bool { return w.visible(id) })
			w.edit(node, func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, announced) })
			w.eventually("hidden", func() bool { return !w.visible(id) })
			w.edit(node, func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{foreign} })
			w.eventually("shown", func() bool { return w.visible(id) })
		})
	}
}

// That a node is not ready means nothing.
func TestNotReady(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered)
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node.Name) == "bound" })
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
