package k8snode_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// displaced counts the associations onto an interface that holds another address,
// which EC2 would displace.
type displaced struct {
	eippool.Pool
	made, refused atomic.Int64
}

func (p *displaced) Associate(ctx context.Context, id string, target eippool.Target) (string, error) {
	association, err := p.Pool.Associate(ctx, id, target)
	switch {
	case err == nil:
		p.made.Add(1)
	case errors.Is(err, eippool.ErrOccupied):
		p.refused.Add(1)
	}
	return association, err
}

// rivals runs controllers of two deployments, each with a store of its own, on the
// same nodes and the same pool. What both log can be read.
func (w *world) rivals(optFns ...func(*k8snode.Options)) (log func() string) {
	w.Helper()
	var mu sync.Mutex
	var text strings.Builder
	logger := slog.New(slog.NewTextHandler(writerFunc(func(line []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(line)
	}), nil))
	for _, name := range []string{"one", "two"} {
		b := w.newBinder(memstore.New(), func(o *binder.Options) { o.BinderID = name })
		w.run(w.newController(b, append(slices.Clone(optFns), func(o *k8snode.Options) { o.Deployment, o.Logger = name, logger })...))
	}
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(line []byte) (int, error) { return f(line) }

// Two deployments that select the same nodes, with the same pool, are safe, and are
// warned: each node is bound by the one that has claimed it, and the other one has
// not even tried, by a call or a sweep.
func TestTwoDeployments(t *testing.T) {
	const nodes = 40
	w := newWorld(t, nodes)
	pool := &displaced{Pool: w.mempool}
	w.pool = pool
	log := w.rivals(func(o *k8snode.Options) { o.SweepEvery = 50 * time.Millisecond })
	var names []string
	for i := range nodes {
		id := w.launch(binder.Running)
		if i%2 == 0 {
			time.Sleep(5 * time.Millisecond) // in which sweeps see an instance without a node
		}
		names = append(names, w.register(fmt.Sprint(i), id, registered).Name)
	}
	others := map[string]string{"one": "two", "two": "one"}
	by := map[string]int{}
	for _, name := range names {
		w.eventually("the gate of "+name, func() bool { return !hasTaint(w.node(name), gate) && w.state(name) == "bound" })
		claim := w.node(name).Annotations[k8snode.AnnotationDeployment]
		if by[claim]++; others[claim] == "" {
			t.Errorf("%s is claimed by %q", name, claim)
		}
		e := w.toldSoon(name, "ClaimedByAnother")
		if want := "the deployment " + claim + " has claimed the node, and this is " + others[claim]; e.Type != corev1.EventTypeWarning || !strings.Contains(e.Note, want) {
			t.Errorf("%s: a %s event %q, want a warning %q", name, e.Type, e.Note, want)
		}
	}
	w.eventually("a sweep has found it", func() bool { return strings.Contains(log(), "unexplained-association") })
	if made, refused := pool.made.Load(), pool.refused.Load(); made != nodes || refused != 0 {
		t.Errorf("%d associations, and %d that EC2 would have displaced an address by", made, refused)
	}
	t.Logf("bound by %v", by)
}

// toldSoon is an event about the node that comes soon.
func (w *world) toldSoon(node, reason string) eventsv1.Event {
	w.Helper()
	w.eventually("told "+reason, func() bool { return w.told(node, reason) })
	return w.events(node, reason)[0]
}

// What another deployment has claimed is bound once that claim is taken away, and
// not before; nothing is done about it meanwhile that says that it were ours.
func TestClaimedByAnother(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered, func(n *corev1.Node) {
		n.Annotations = map[string]string{k8snode.AnnotationDeployment: "theirs", k8snode.AnnotationAddress: "203.0.113.9"}
		n.Labels[k8snode.LabelState] = "bound"
	}).Name
	w.eventually("told", func() bool { return w.told(node, "ClaimedByAnother") })
	w.edit(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.stays("left alone", func() bool {
		n := w.node(node)
		return hasTaint(n, gate) && n.Annotations[k8snode.AnnotationAddress] == "203.0.113.9" && w.record(id) == nil
	})
	if got := w.reasons(node); !slices.Equal(got, []string{"ClaimedByAnother"}) {
		t.Errorf("events %v", got)
	}
	w.edit(node, func(n *corev1.Node) {
		n.Spec.Unschedulable = false
		delete(n.Labels, k8snode.LabelState)
		delete(n.Annotations, k8snode.AnnotationDeployment)
	})
	w.eventually("bound", func() bool { return w.visible(id) && !hasTaint(w.node(node), gate) && w.told(node, "Bound") })
	if claim := w.node(node).Annotations[k8snode.AnnotationDeployment]; claim != "eipbinder" {
		t.Errorf("it is claimed by %q", claim)
	}
}

// A deployment that has another name now, and the same store, goes on with what it
// has bound. So does one of two that have one store, and different names: neither
// takes the other's claim away.
func TestDeploymentRenamed(t *testing.T) {
	w := newWorld(t, 2)
	c := w.start(func(o *k8snode.Options) { o.Deployment = "old" })
	ids := []string{w.launch(binder.Running), w.launch(binder.Running)}
	shown, going := w.register("shown", ids[0], registered).Name, w.register("going", ids[1], finalized, registered).Name
	for _, name := range []string{shown, going} {
		w.eventually("bound", func() bool { return w.state(name) == "bound" })
		if claim := w.node(name).Annotations[k8snode.AnnotationDeployment]; claim != "old" {
			t.Errorf("%s is claimed by %q", name, claim)
		}
	}
	c.stop()
	w.remove(going)
	w.start(func(o *k8snode.Options) { o.Deployment = "new" })
	w.eventually("hidden", func() bool { return !w.visible(ids[1]) })
	w.stays("claimed as before", func() bool { return w.node(shown).Annotations[k8snode.AnnotationDeployment] == "old" })
	w.edit(shown, func(n *corev1.Node) { n.Spec.Unschedulable = true })
	w.eventually("hidden", func() bool { return !w.visible(ids[0]) && w.state(shown) == "hidden" })
	w.edit(shown, func(n *corev1.Node) {
		delete(n.Annotations, k8snode.AnnotationDeployment)
		n.Spec.Unschedulable = false
	})
	w.eventually("claimed", func() bool {
		return w.visible(ids[0]) && w.node(shown).Annotations[k8snode.AnnotationDeployment] == "new"
	})
}

// A sweep binds nothing that no node is claimed for.
func TestNoNodeNoBinding(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	w.stays("unbound", func() bool { return w.record(id) == nil })
	node := w.register("a", id, registered).Name
	w.eventually("bound", func() bool { return w.visible(id) && !hasTaint(w.node(node), gate) })
}

// Nor is one bound whose node has gone before it could be.
func TestNodeGoneNoBinding(t *testing.T) {
	w := newWorld(t, 1)
	w.start()
	id := w.launch(binder.Pending)
	node := w.register("a", id, registered).Name
	w.eventually("claimed", func() bool { return w.node(node).Annotations[k8snode.AnnotationDeployment] != "" })
	w.eventually("asked", func() bool { return w.calls.asks(id) > 0 })
	w.remove(node)
	asks := w.calls.asks(id)
	w.eventually("asked again", func() bool { return w.calls.asks(id) > asks })
	w.fleet.SetState(id, binder.Running) // which sweeps see
	w.stays("unbound", func() bool { return w.record(id) == nil })
}
