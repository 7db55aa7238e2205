package k8snode

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

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

// bubble is a controller whose API server and whose cloud take no time, but for
// EC2's bucket. The API server is a fake one, since virtual time stands still while
// a socket is waited for; TestStorm and TestStormAtARate have the real one.
type bubble struct {
	*Controller
	binder *counted
	pool   *RatedPool
	nodes  []string
	queue  chan string
	said   chan string
}

func newBubble(t *testing.T, nodes int) *bubble {
	t.Helper()
	addresses, o := mempool.New(), defaults()
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = addresses })
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	bb := &bubble{pool: NewRatedPool(addresses, o.AssociateBurst, o.AssociateEvery), queue: make(chan string, 100*nodes)}
	b, err := binder.New(binder.Backends{Fleet: fleet, Pool: bb.pool, Zone: zone, Store: memstore.New(), Policy: dnspolicy.InstanceID()},
		func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		t.Fatal(err)
	}
	bb.binder = &counted{Binder: b}
	if bb.Controller, err = New(bb.binder); err != nil {
		t.Fatal(err)
	}
	api := fake.NewClientBuilder()
	for i := range nodes {
		addresses.Add(eippool.Address{AllocationID: fmt.Sprintf("eipalloc-%d", i), IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})})
		id := fleet.Launch(binder.Instance{State: binder.Running}).ID
		bb.nodes = append(bb.nodes, "node-"+id)
		api.WithObjects(fakeNode(func(n *corev1.Node) { n.Name, n.Spec.ProviderID = "node-"+id, "aws:///a/"+id }))
	}
	recorder := events.NewFakeRecorder(100 * nodes)
	bb.client, bb.recorder, bb.said = api.Build(), recorder, recorder.Events
	bb.looks.requeue = func(node string) { bb.queue <- node }
	return bb
}

// run is what the manager does, until the context ends.
func (b *bubble) run(ctx context.Context, t *testing.T) {
	var group sync.WaitGroup
	group.Go(func() { _ = b.looks.Start(ctx) })
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case node := <-b.queue:
			result, err := b.Reconcile(ctx, request(node))
			if err != nil {
				t.Error(err)
			}
			if result.RequeueAfter > 0 {
				time.AfterFunc(result.RequeueAfter, func() { b.queue <- node })
			}
		}
	}
	group.Wait()
}

// bound waits until so many nodes are told that they are bound, and returns how
// long after its token, of a bucket that is used from the beginning, one of them was
// at the latest.
func (b *bubble) bound(nodes int, began time.Time) (late time.Duration) {
	for n := 1; n <= nodes; {
		if text := <-b.said; strings.HasPrefix(text, "Normal Bound ") {
			token := time.Duration(max(n-b.opts.AssociateBurst, 0)) * b.opts.AssociateEvery
			late, n = max(late, time.Since(began)-token), n+1
		}
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
				for _, node := range b.nodes {
					b.queue <- node
					time.Sleep(gap)
				}
				late := b.bound(nodes, began)
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
				var list corev1.NodeList
				if err := b.client.List(t.Context(), &list, client.MatchingLabels{LabelState: StateBound}); err != nil || len(list.Items) != nodes {
					t.Errorf("%d nodes say that they are bound, %v", len(list.Items), err)
				}
				for _, n := range list.Items {
					if b.opts.gated(&n) >= 0 {
						t.Errorf("the gate of %s is closed", n.Name)
					}
				}
			})
		})
	}
}
