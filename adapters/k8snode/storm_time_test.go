package k8snode

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// counted counts the calls of Reconcile.
type counted struct {
	*binder.Binder
	calls atomic.Int64
}

func (b *counted) Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error) {
	b.calls.Add(1)
	return b.Binder.Reconcile(ctx, ids...)
}

// bubble is what of a controller is behind its nodes. Its cloud takes no time, but
// for EC2's bucket. There is no API server, since virtual time stands still while a
// socket is waited for: a node is told in no time. TestStorm and TestStormAtARate have
// one.
type bubble struct {
	*Controller
	binder  *counted
	pool    *RatedPool
	workers map[string]*worker // by node
	queue   chan string        // of nodes
	told    chan time.Time     // that a worker is bound
}

func newBubble(t *testing.T, nodes int) *bubble {
	t.Helper()
	addresses, o := mempool.New(), defaults()
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = addresses })
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	bb := &bubble{
		pool: NewRatedPool(addresses, o.AssociateBurst, o.AssociateEvery), workers: map[string]*worker{},
		queue: make(chan string, 100*nodes), told: make(chan time.Time, nodes),
	}
	b, err := binder.New(binder.Backends{Fleet: fleet, Pool: bb.pool, Zone: zone, Store: memstore.New(), Policy: dnspolicy.InstanceID()},
		func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		t.Fatal(err)
	}
	bb.binder = &counted{Binder: b}
	if bb.Controller, err = New(bb.binder); err != nil {
		t.Fatal(err)
	}
	bb.recorder = &events.FakeRecorder{}
	bb.looks.requeue = func(node string) { bb.queue <- node }
	for i := range nodes {
		addresses.Add(eippool.Address{AllocationID: fmt.Sprintf("eipalloc-%d", i), IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})})
		id := fleet.Launch(binder.Instance{State: binder.Running}).ID
		node := aNode(func(n *corev1.Node) {
			n.Name, n.Annotations[AnnotationDeployment] = "node-"+id, bb.opts.Deployment
		})
		bb.workers[node.Name] = &worker{Controller: bb.Controller, node: node, id: id, why: shown}
		bb.looks.attachClaimed(node.Name, id)
	}
	return bb
}

// run works on nodes in the order in which they are to be, until the context ends.
func (b *bubble) run(ctx context.Context, t *testing.T) {
	var group sync.WaitGroup
	group.Go(func() { _ = b.looks.Start(ctx) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case node := <-b.queue:
			b.work(ctx, t, node)
		}
	}
	group.Wait()
}

// work tells a node that its worker is bound, or lets the worker wait for that.
func (b *bubble) work(ctx context.Context, t *testing.T, node string) {
	w := b.workers[node]
	w.know = b.looks.of(w.id)
	switch o := w.know.outcome; {
	case w.node.Labels[LabelState] != "":
		return
	case o != nil && bound(*o):
		w.node.Labels[LabelState] = StateBound
		b.told <- time.Now()
		return
	}
	wait, err := w.await(ctx)
	if err != nil {
		t.Error(err)
	}
	if wait > 0 {
		time.AfterFunc(wait, func() { b.queue <- node })
	}
}

// bound waits until all nodes are told that they are bound, and returns how long
// after its token, of a bucket that is used from the beginning, one of them was at
// the latest.
func (b *bubble) bound(began time.Time) (late time.Duration) {
	for n := 1; n <= len(b.workers); n++ {
		token := time.Duration(max(n-b.opts.AssociateBurst, 0)) * b.opts.AssociateEvery
		late = max(late, (<-b.told).Sub(began)-token)
	}
	return late
}

// Two hundred nodes are usable after the time in which EC2's bucket has as many
// tokens, and at most ten windows, in which the first call gathers: whether they
// come at once, or in ten seconds.
func TestStormTakesTheFloor(t *testing.T) {
	const nodes = 200
	for name, gap := range map[string]time.Duration{"at once": 0, "in ten seconds": 50 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, nodes)
				floor := time.Duration(nodes-b.opts.AssociateBurst) * b.opts.AssociateEvery
				ctx, cancel := context.WithCancel(t.Context())
				var group sync.WaitGroup
				group.Go(func() { b.run(ctx, t) })
				began := time.Now()
				for node := range b.workers {
					b.queue <- node
					time.Sleep(gap)
				}
				late := b.bound(began)
				took := time.Since(began)
				cancel()
				group.Wait()
				t.Logf("%s, by %d calls of Reconcile", took, b.binder.calls.Load())
				if took < floor || took > floor+10*b.opts.Window {
					t.Errorf("it took %s; the floor is %s", took, floor)
				}
				if gap == 0 && late > 10*b.opts.Window {
					t.Errorf("a node was usable %s after its token", late)
				}
				if calls := b.binder.calls.Load(); calls > 8 {
					t.Errorf("%d calls of Reconcile", calls)
				}
				if used, back := b.pool.Used.Load(), b.pool.Back.Load(); used != nodes || back > 0 {
					t.Errorf("%d tokens were used, and %d not used", used, back)
				}
			})
		})
	}
}
