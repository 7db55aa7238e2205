package k8snode_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
)

// EC2's default rate of AssociateAddress: so many at once, and then so many each
// second.
const burst, perSecond = 50, 5

// bucket paces a pool as EC2 does, but in no time: it is refilled as soon as all
// instances that have not used a turn wait for one. What makes one of them wait for
// anything else, such as the end of somebody's call, leaves it empty for ever; and
// a turn that is lost, or an association that is made twice, costs more refills.
type bucket struct {
	eippool.Pool
	mu                  sync.Mutex
	instances           int // that are to be associated once each
	left                int
	used, back, refills int
	granted             int // and neither used nor given back yet
	waiting             []chan struct{}
}

func newBucket(p eippool.Pool, instances int) *bucket {
	return &bucket{Pool: p, instances: instances, left: burst}
}

// turnKey is that of a turn in a context: a function that says that it is used.
type turnKey struct{}

func (b *bucket) Pace(ctx context.Context) (context.Context, func(), error) {
	select {
	case <-b.queue():
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	var once sync.Once
	use := func() { once.Do(func() { b.end(true) }) }
	return context.WithValue(ctx, turnKey{}, use), func() { once.Do(func() { b.end(false) }) }, nil
}

// Associate uses the turn of the context.
func (b *bucket) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	use, ok := ctx.Value(turnKey{}).(func())
	if !ok {
		return "", errors.New("nobody's turn")
	}
	use()
	return b.Pool.Associate(ctx, id, t)
}

// queue returns what is closed when it is the caller's turn.
func (b *bucket) queue() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	turn := make(chan struct{})
	b.waiting = append(b.waiting, turn)
	b.serve()
	return turn
}

// end ends a turn, which another one gets if it was not used.
func (b *bucket) end(used bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.granted--
	if used {
		b.used++
	} else {
		b.back++
		b.left++
	}
	b.serve()
}

// serve gives turns to those who have waited for longest.
func (b *bucket) serve() {
	for len(b.waiting) > 0 {
		if b.left == 0 {
			if len(b.waiting) < b.instances-b.used-b.granted {
				return // somebody is still on the way
			}
			b.left = perSecond
			b.refills++
		}
		close(b.waiting[0])
		b.waiting = b.waiting[1:]
		b.left, b.granted = b.left-1, b.granted+1
	}
}

// Two hundred nodes at once, while somebody edits the taints of all of them all
// the time, and somebody else those of some of them at the worst moment: each is
// usable by one turn of the bucket, which nobody keeps waiting; no taint is lost,
// and the API server has little to do.
func TestStorm(t *testing.T) {
	const nodes, floor = 200, (200 - burst) / perSecond
	w := newWorld(t, nodes)
	turns := newBucket(w.mempool, nodes)
	w.pool = turns
	s := w.storm(nodes)
	t.Logf("%s, %d refills (the floor is %d), %d turns given back", s, turns.refills, floor, turns.back)
	if turns.used != nodes || turns.back > 0 || turns.refills != floor {
		t.Errorf("%d turns were used, and %d given back, after %d refills: %d nodes need %d", turns.used, turns.back, turns.refills, nodes, floor)
	}
	s.check()
}

// storm is nodes that were created at once, and are usable by now.
type storm struct {
	*world
	ids, names []string
	edits      map[string]int // by somebody else, of each node's taints, at any time
	late       *latecomer     // who edits some just before their gates are opened
	took       time.Duration  // from the first node's creation until all were usable
	requests   int
	refused    int // patches that an edit was faster than
	calls      int // of Reconcile
}

func (s storm) String() string {
	return fmt.Sprintf("%d nodes in %s, %d requests, %d calls of Reconcile, %d and %d edits by somebody else, %d refused patches",
		len(s.names), s.took, s.requests, s.calls, sum(s.edits), s.late.edits.Load(), s.refused)
}

// storm creates this many nodes, and edits their taints from the first one's
// creation until all are usable.
func (w *world) storm(nodes int, optFns ...func(*k8snode.Options)) storm {
	w.Helper()
	s := storm{world: w, ids: make([]string, nodes), names: make([]string, nodes), late: &latecomer{world: w}}
	// A sweep that has looked before an instance was bound takes a turn, and gives it
	// back: there is none now.
	w.before = s.late.before
	b := w.newBinder(watched{w.records, &w.shown})
	c := w.run(w.newController(w.calls.wrap(b), append(slices.Clone(optFns), onlyFirstSweep)...))
	w.firstSweepEnded()
	stop := w.editTaints()
	var group sync.WaitGroup
	began := time.Now()
	for i := range nodes {
		group.Go(func() {
			s.ids[i] = w.launch(binder.Running)
			s.names[i] = w.register(fmt.Sprint(i), s.ids[i], registered, annotated).Name
		})
	}
	group.Wait()
	w.eventually("all are usable", s.usable)
	s.took = time.Since(began)
	s.edits = stop()
	w.eventually("all events have come", func() bool { time.Sleep(100 * time.Millisecond); return w.boundEvents() >= nodes })
	made := c.requests.list()
	s.requests, s.refused, s.calls = len(made), readAgain(made), len(w.calls.batches())
	return s
}

// annotated is what kubelet makes of a node: with no annotation at all, the first one
// would be added to this very version of the node, whatever becomes of its taints.
func annotated(n *corev1.Node) {
	n.Annotations = map[string]string{"node.alpha.kubernetes.io/ttl": "0"}
}

// usable reports whether all nodes are. It asks the API server, which has enough to
// do, when they may be.
func (s storm) usable() bool {
	for _, id := range s.ids {
		if !s.visible(id) {
			return false
		}
	}
	var list corev1.NodeList
	if err := s.kube.List(s.Context(), &list, client.MatchingLabels{"karpenter.sh/nodepool": s.name}); err != nil {
		s.Fatal(err)
	}
	gated := slices.ContainsFunc(list.Items, func(n corev1.Node) bool { return hasTaint(&n, gate) })
	return !gated && len(list.Items) == len(s.names)
}

// check fails unless every node is told once, by few requests and calls, and has
// all taints of others.
func (s storm) check() {
	s.Helper()
	nodes := len(s.names)
	if told := s.boundEvents(); told != nodes {
		s.Errorf("%d events say that a node is bound", told)
	}
	if s.requests > 4*nodes {
		s.Errorf("%d requests for %d nodes", s.requests, nodes)
	}
	if s.calls > 8 {
		s.Errorf("%d calls of Reconcile for %d nodes", s.calls, nodes)
	}
	if edits := s.late.edits.Load(); edits != int64(nodes/oneIn) || s.refused < nodes/oneIn || len(s.edits) == 0 {
		s.Errorf("there was no race: %s", s)
	}
	for i, name := range s.names {
		n := s.node(name)
		if !hasTaint(n, foreign) || !hasTaint(n, mark(s.edits[name])) || hasTaint(n, lateTaint) != editedLate(i) {
			s.Errorf("%s lost taints of others: it has %v, and was edited %d times", name, n.Spec.Taints, s.edits[name])
		}
		if got, want := n.Annotations["eipbinder.io/address"], s.record(s.ids[i]).IP.String(); got != want {
			s.Errorf("%s says %s, the record %s", name, got, want)
		}
	}
}

// readAgain counts the requests that read one node: each follows a patch that was
// refused, and finds out whether it came too late.
func readAgain(made []string) int {
	n := 0
	for _, request := range made {
		if strings.HasPrefix(request, "GET ") {
			n++
		}
	}
	return n
}

// boundEvents counts the events that say that a node of this world is bound.
func (w *world) boundEvents() int {
	var list eventsv1.EventList
	if err := w.kube.List(w.Context(), &list); err != nil {
		w.Fatal(err)
	}
	n := 0
	for _, e := range list.Items {
		if e.Reason == "Bound" && strings.HasPrefix(e.Regarding.Name, w.name+"-") {
			n++
		}
	}
	return n
}
