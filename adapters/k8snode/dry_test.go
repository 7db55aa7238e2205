package k8snode_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
)

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
	const timeout = time.Second
	w.start(func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, timeout })
	id := w.launch(binder.Pending)
	node := w.register("a", id, registered).Name
	time.Sleep(timeout) // in which it waits for something else, as new nodes do
	w.fleet.SetState(id, binder.Running)
	var since time.Time
	w.eventually("the time has begun", func() bool { var err error; since, err = w.drySince(node); return err == nil })
	if age := since.Sub(w.node(node).CreationTimestamp.Time); age < timeout {
		t.Errorf("the pool was dry for the node from its age of %s on", age)
	}
	w.eventually("let in", func() bool { return !hasTaint(w.node(node), gate) })
	if dry := time.Since(since); dry < timeout {
		t.Errorf("let in after %s", dry)
	}
	if _, err := w.drySince(node); err == nil {
		t.Error("the note stayed")
	}
	if w.node(node).Labels[k8snode.LabelGaveUp] != "true" {
		t.Error("not labelled")
	}
	w.addAddress("eipalloc-late", "203.0.113.9")
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node) == "bound" })
	if _, labelled := w.node(node).Labels[k8snode.LabelGaveUp]; labelled {
		t.Error("still labelled")
	}
}

// A node that Karpenter has not registered is not let in, however long the pool has
// been dry for it: its taint would come back. Registered, it is.
func TestDryPoolAdmitsRegistered(t *testing.T) {
	w := newWorld(t, 0)
	w.start(func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, 200*time.Millisecond })
	node := w.register("a", w.launch(binder.Running)).Name
	w.eventually("the time has begun", func() bool { _, err := w.drySince(node); return err == nil })
	w.stays("nobody gives up", func() bool {
		n := w.node(node)
		return hasTaint(n, gate) && n.Labels[k8snode.LabelGaveUp] == "" && n.Annotations[k8snode.AnnotationDry] != ""
	})
	if w.told(node, "GaveUp") {
		t.Errorf("told %v", w.reasons(node))
	}
	w.edit(node, registered)
	w.eventually("let in", func() bool { n := w.node(node); return !hasTaint(n, gate) && n.Labels[k8snode.LabelGaveUp] == "true" })
}

// A restart does not begin the time anew.
func TestDryPoolOverRestart(t *testing.T) {
	w := newWorld(t, 0)
	admit := func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, time.Hour }
	c := w.start(admit)
	node := w.register("a", w.launch(binder.Running), registered).Name
	w.eventually("the time has begun", func() bool { _, err := w.drySince(node); return err == nil })
	c.stop()
	w.edit(node, func(n *corev1.Node) {
		n.Annotations[k8snode.AnnotationDry] = time.Now().Add(-59 * time.Minute).Format(time.RFC3339)
	})
	c = w.start(admit)
	w.stays("the gate is closed", func() bool { return hasTaint(w.node(node), gate) })
	c.stop()
	w.edit(node, func(n *corev1.Node) {
		n.Annotations[k8snode.AnnotationDry] = time.Now().Add(-61 * time.Minute).Format(time.RFC3339)
	})
	w.start(admit)
	w.eventually("let in", func() bool { return !hasTaint(w.node(node), gate) })
}

// An address that comes in time ends the waiting, and what was noted of it.
func TestDryPoolInTime(t *testing.T) {
	w := newWorld(t, 0)
	w.start(func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, time.Hour })
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.eventually("the time has begun", func() bool { _, err := w.drySince(node); return err == nil })
	w.addAddress("eipalloc-late", "203.0.113.9")
	w.eventually("bound", func() bool { return w.visible(id) && w.state(node) == "bound" && !hasTaint(w.node(node), gate) })
	if _, err := w.drySince(node); err == nil {
		t.Error("the note stayed")
	}
}

// A pool that has an address for the node is not dry for it any more, though
// binding takes its time, and may fail yet.
func TestDryPoolEndsBeforeBinding(t *testing.T) {
	w := newWorld(t, 0)
	pool := &forbidding{Pool: w.mempool}
	pool.broken.Store(true)
	w.pool = pool
	w.start(func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, time.Hour })
	node := w.register("a", w.launch(binder.Running), registered).Name
	noted := func() bool { _, err := w.drySince(node); return err == nil }
	w.eventually("the time has begun", noted)
	w.stays("dry", noted)
	w.addAddress("eipalloc-late", "203.0.113.9")
	w.eventually("the note is gone", func() bool { return !noted() })
	w.stays("not dry, and not bound", func() bool { return !noted() && hasTaint(w.node(node), gate) && w.state(node) == "" })
	pool.broken.Store(false)
	w.eventually("bound", func() bool { return w.state(node) == "bound" && !hasTaint(w.node(node), gate) })
}

// drySince is when the pool was first found dry for the node.
func (w *world) drySince(node string) (time.Time, error) {
	return time.Parse(time.RFC3339, w.node(node).Annotations[k8snode.AnnotationDry])
}
