package k8snode_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/eippool"
)

// events are those about a node with this reason.
func (w *world) events(node, reason string) []eventsv1.Event {
	w.Helper()
	var list eventsv1.EventList
	if err := w.kube.List(w.Context(), &list); err != nil {
		w.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(e eventsv1.Event) bool { return e.Regarding.Name != node || e.Reason != reason })
}

// toldOnce waits for an event, and fails unless it is told once however often its
// cause is found, and has this type and these words.
func (w *world) toldOnce(node, reason, kind, words string) eventsv1.Event {
	w.Helper()
	w.eventually("told "+reason, func() bool { return w.told(node, reason) })
	w.stays("told "+reason+" once", func() bool {
		found := w.events(node, reason)
		return len(found) == 1 && found[0].Series == nil
	})
	e := w.events(node, reason)[0]
	if e.Type != kind || !strings.Contains(e.Note, words) {
		w.Errorf("%s is a %s event: %q, want a %s one with %q", reason, e.Type, e.Note, kind, words)
	}
	return e
}

// patience is long enough to tell what was said after it from what was said at
// once, with the whole seconds in which a node has its age.
const patience = 2 * time.Second

func patient(o *k8snode.Options) { o.Patience = patience }

func (w *world) saidPatiently(e eventsv1.Event) {
	w.Helper()
	if age := e.EventTime.Sub(w.node(e.Regarding.Name).CreationTimestamp.Time); age < patience {
		w.Errorf("%s was said at the node's age of %s", e.Reason, age)
	}
}

// A node whose instance is slow to start says what it waits for, and is bound after
// that.
func TestToldWaitingForBinding(t *testing.T) {
	w := newWorld(t, 1, patient)
	w.start()
	id := w.launch(binder.Pending)
	node := w.register("a", id, registered).Name
	w.saidPatiently(w.toldOnce(node, "WaitingForBinding", corev1.EventTypeWarning, "instance is pending"))
	if got := w.reasons(node); !slices.Equal(got, []string{"WaitingForBinding"}) {
		t.Errorf("events %v", got)
	}
	w.fleet.SetState(id, binder.Running)
	w.eventually("bound", func() bool { return w.visible(id) && !hasTaint(w.node(node), gate) && w.told(node, "Bound") })
}

// A node that is bound, and that Karpenter does not register, says so.
func TestToldWaitingForRegistration(t *testing.T) {
	w := newWorld(t, 1, patient)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id).Name
	w.eventually("bound", func() bool { return w.visible(id) })
	w.saidPatiently(w.toldOnce(node, "WaitingForRegistration", corev1.EventTypeWarning, "karpenter.sh/registered=true"))
	if !hasTaint(w.node(node), gate) {
		t.Error("the gate is open")
	}
	w.edit(node, registered)
	w.eventually("the gate is open", func() bool { return !hasTaint(w.node(node), gate) && w.told(node, "Bound") })
}

// That the fleet does not select an instance is a warning where pods wait for its
// node, and else no more than a remark. Selected later, it is bound.
func TestToldNotSelected(t *testing.T) {
	w := newWorld(t, 2)
	w.fleet = memfleet.New(func(o *memfleet.Options) { o.Network, o.Tags = w.mempool, map[string]string{"eip": "yes"} })
	w.start()
	gated, ungated := w.launch(binder.Running), w.launch(binder.Running)
	behind := w.register("gated", gated, registered).Name
	open := w.register("ungated", ungated, registered, func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{foreign} }).Name
	w.toldOnce(behind, "NotSelected", corev1.EventTypeWarning, "tags")
	w.toldOnce(open, "NotSelected", corev1.EventTypeNormal, "tags")
	if !hasTaint(w.node(behind), gate) {
		t.Error("the gate is open")
	}
	w.fleet.SetTags(gated, map[string]string{"eip": "yes"})
	w.eventually("bound", func() bool { return w.visible(gated) && !hasTaint(w.node(behind), gate) })
	if w.record(ungated) != nil {
		t.Error("what is not selected was bound")
	}
}

// A node whose instance EC2 does not show is told so, after the time that EC2 may
// need to show a new one.
func TestToldInstanceUnknown(t *testing.T) {
	w := newWorld(t, 1, patient)
	w.start()
	const id = "i-0123456789abcdef0"
	node := w.register("a", id, registered).Name
	w.saidPatiently(w.toldOnce(node, "InstanceUnknown", corev1.EventTypeWarning, id))
	w.fleet.Launch(binder.Instance{ID: id, State: binder.Running})
	w.eventually("bound", func() bool { return w.visible(id) && !hasTaint(w.node(node), gate) })
}

// forbidding is a pool whose addresses may not be associated.
type forbidding struct {
	eippool.Pool
	broken atomic.Bool
}

func (p *forbidding) Associate(ctx context.Context, id string, target eippool.Target) (string, error) {
	if p.broken.Load() {
		return "", errors.New("AssociateAddress is forbidden")
	}
	return p.Pool.Associate(ctx, id, target)
}

// A binding that fails says why, and is tried until it succeeds.
func TestToldBindingFailed(t *testing.T) {
	w := newWorld(t, 1)
	pool := &forbidding{Pool: w.mempool}
	pool.broken.Store(true)
	w.pool = pool
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	w.toldOnce(node, "BindingFailed", corev1.EventTypeWarning, "AssociateAddress is forbidden")
	if !hasTaint(w.node(node), gate) {
		t.Error("the gate is open")
	}
	pool.broken.Store(false)
	w.eventually("bound", func() bool { return w.visible(id) && !hasTaint(w.node(node), gate) && w.told(node, "Bound") })
}

// A node that is let in without an address says so, and since when there was none.
func TestToldGaveUp(t *testing.T) {
	w := newWorld(t, 0)
	w.start(func(o *k8snode.Options) { o.DryPool, o.DryTimeout = k8snode.Admit, time.Second })
	node := w.register("a", w.launch(binder.Running), registered).Name
	w.toldOnce(node, "GaveUp", corev1.EventTypeWarning, "no address for 1s")
	w.toldOnce(node, "PoolExhausted", corev1.EventTypeWarning, "no address")
	if hasTaint(w.node(node), gate) {
		t.Error("the gate is closed")
	}
}
