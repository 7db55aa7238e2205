package k8snode_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// world is a cloud in memory, and nodes of its own in the API server.
type world struct {
	*testing.T
	name    string // of the nodes' pool
	kube    client.Client
	fleet   *memfleet.Fleet
	pool    eippool.Pool
	mempool *mempool.Pool
	zone    dnspolicy.Zone
	records *memstore.Store
	binder  *binder.Binder
	calls   *recorder
	options []func(*k8snode.Options)
	binding []func(*binder.Options)
	before  func(*http.Request) // of each request of the controllers that run then; nil: nothing
	shown   atomic.Int64        // writes after which schedule servers saw a worker
}

var unique int

// newWorld has this many addresses.
func newWorld(t *testing.T, addresses int, optFns ...func(*k8snode.Options)) *world {
	kube, err := client.New(k8snode.APIServer(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	unique++
	w := &world{T: t, name: fmt.Sprintf("p%d", unique), kube: kube, mempool: mempool.New(), records: memstore.New(), calls: &recorder{}}
	w.pool = w.mempool
	for i := range addresses {
		w.mempool.Add(eippool.Address{AllocationID: fmt.Sprintf("eipalloc-%04d", i), IP: netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)})})
	}
	w.fleet = memfleet.New(func(o *memfleet.Options) { o.Network = w.mempool })
	if w.zone, err = memzone.New("example.com."); err != nil {
		t.Fatal(err)
	}
	selector, err := labels.Parse("karpenter.sh/nodepool=" + w.name)
	if err != nil {
		t.Fatal(err)
	}
	w.options = append([]func(*k8snode.Options){func(o *k8snode.Options) {
		o.Selector, o.Window, o.SweepEvery = selector, 50*time.Millisecond, 500*time.Millisecond
		o.AssociateEvery = 0 // as fast as memory
		o.Logger = slog.New(slog.NewTextHandler(logWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}}, optFns...)
	return w
}

// onlyFirstSweep leaves all but the beginning to the nodes' own events.
func onlyFirstSweep(o *k8snode.Options) { o.SweepEvery = time.Hour }

func (w *world) firstSweepEnded() {
	w.Helper()
	w.eventually("the first sweep has ended", func() bool { return w.calls.sweeps.Load() > 0 })
}

type logWriter struct{ t *testing.T }

func (w logWriter) Write(line []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// newBinder makes a Binder on the world's cloud.
func (w *world) newBinder(records store.Store, optFns ...func(*binder.Options)) *binder.Binder {
	w.Helper()
	b, err := binder.New(binder.Backends{
		Fleet: w.fleet, Pool: w.pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: w.zone, Store: records,
	}, append([]func(*binder.Options){func(o *binder.Options) {
		o.Suffix, o.CoolDown, o.ConfirmAfter, o.LateCalls = "media.example.com", 0, time.Second, 0
	}}, optFns...)...)
	if err != nil {
		w.Fatal(err)
	}
	return b
}

// controllerRun is a controller that runs until stop is called, or the test ends.
type controllerRun struct {
	stop     func()
	requests *counter
}

// start runs a controller on the Binder, by default one of the world's.
func (w *world) start(optFns ...func(*k8snode.Options)) controllerRun {
	w.Helper()
	w.binder = w.newBinder(watched{w.records, &w.shown}, w.binding...)
	return w.run(w.newController(w.calls.wrap(w.binder), optFns...))
}

func (w *world) newController(b k8snode.Binder, optFns ...func(*k8snode.Options)) *k8snode.Controller {
	w.Helper()
	c, err := k8snode.New(b, append(slices.Clone(w.options), optFns...)...)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) run(c *k8snode.Controller) controllerRun {
	w.Helper()
	requests := &counter{before: w.before}
	cfg := k8snode.APIServer(w.T)
	cfg.QPS = -1
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { requests.next = next; return requests })
	yes := true
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Cache: c.Cache(), Metrics: metricsserver.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: &yes},
	})
	if err != nil {
		w.Fatal(err)
	}
	if err := c.SetupWithManager(mgr); err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Errorf("the manager ended: %v", err)
		}
	})
	w.Cleanup(stop)
	return controllerRun{stop, requests}
}

// watched is a store that counts the writes after which schedule servers see a
// worker.
type watched struct {
	*memstore.Store
	shown *atomic.Int64
}

func (s watched) Put(ctx context.Context, r store.Record) (store.Record, error) {
	stored, err := s.Store.Put(ctx, r)
	if err == nil && stored.Visible() {
		s.shown.Add(1)
	}
	return stored, err
}

// counter counts requests, but for those that lists and watches need, which do
// not depend on the number of nodes.
type counter struct {
	next   http.RoundTripper
	before func(*http.Request)
	mu     sync.Mutex
	made   []string
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.before != nil {
		c.before(r)
	}
	if r.Method != http.MethodGet {
		c.mu.Lock()
		c.made = append(c.made, r.Method+" "+r.URL.Path)
		c.mu.Unlock()
	} else if query := r.URL.Query(); query.Get("watch") == "" && (strings.Contains(r.URL.Path, "/nodes/") || strings.Contains(query.Get("fieldSelector"), "metadata.name")) {
		c.mu.Lock()
		c.made = append(c.made, "GET "+r.URL.RequestURI())
		c.mu.Unlock()
	}
	return c.next.RoundTrip(r)
}

func (c *counter) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.made)
}

// recorder counts calls of a Binder.
type recorder struct {
	*binder.Binder
	sweeps atomic.Int64 // that have ended
	mu     sync.Mutex
	asked  [][]string
}

func (r *recorder) wrap(b *binder.Binder) *recorder {
	r.Binder = b
	return r
}

func (r *recorder) Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error) {
	r.mu.Lock()
	r.asked = append(r.asked, slices.Clone(ids))
	r.mu.Unlock()
	return r.Binder.Reconcile(ctx, ids...)
}

func (r *recorder) Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error) {
	defer r.sweeps.Add(1)
	return r.Binder.Sweep(ctx, optFns...)
}

// asks is how many calls of Reconcile have named the instance.
func (r *recorder) asks(id string) int {
	n := 0
	for _, batch := range r.batches() {
		if slices.Contains(batch, id) {
			n++
		}
	}
	return n
}

func (r *recorder) batches() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

var (
	gate    = corev1.Taint{Key: "eipbinder.io/unbound", Effect: corev1.TaintEffectNoSchedule}
	foreign = corev1.Taint{Key: "example.com/theirs", Value: "1", Effect: corev1.TaintEffectNoSchedule}
)

// launch starts an instance.
func (w *world) launch(state binder.State) string {
	return w.fleet.Launch(binder.Instance{State: state}).ID
}

// register creates the Node of an instance, as Karpenter and kubelet do, before
// Karpenter has registered it.
func (w *world) register(name, id string, edits ...func(*corev1.Node)) *corev1.Node {
	w.Helper()
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: w.name + "-" + name, Labels: map[string]string{"karpenter.sh/nodepool": w.name}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{foreign, gate}},
	}
	if id != "" {
		node.Spec.ProviderID = "aws:///eu-central-1a/" + id
	}
	for _, edit := range edits {
		edit(node)
	}
	if err := w.kube.Create(w.Context(), node); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		w.edit(node.Name, func(n *corev1.Node) { n.Finalizers = nil })
		_ = w.kube.Delete(context.WithoutCancel(w.Context()), node)
	})
	return node
}

func registered(n *corev1.Node) { n.Labels["karpenter.sh/registered"] = "true" }

func finalized(n *corev1.Node) { n.Finalizers = []string{"karpenter.sh/termination"} }

// edit changes a node, however often somebody is faster. A node that is gone is
// left alone.
func (w *world) edit(name string, change func(*corev1.Node)) {
	w.Helper()
	for {
		var node corev1.Node
		err := w.kube.Get(context.WithoutCancel(w.Context()), client.ObjectKey{Name: name}, &node)
		if err == nil {
			change(&node)
			err = w.kube.Update(context.WithoutCancel(w.Context()), &node)
		}
		switch {
		case apierrors.IsConflict(err):
			continue
		case err != nil && !apierrors.IsNotFound(err):
			w.Fatal(err)
		}
		return
	}
}

func (w *world) node(name string) *corev1.Node {
	w.Helper()
	var node corev1.Node
	if err := w.kube.Get(w.Context(), client.ObjectKey{Name: name}, &node); err != nil {
		w.Fatal(err)
	}
	return &node
}

// remove deletes a node. With a finalizer, it is then being deleted.
func (w *world) remove(name string) {
	w.Helper()
	if err := w.kube.Delete(w.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		w.Fatal(err)
	}
}

// record is the one that the instance holds; nil: none.
func (w *world) record(id string) *store.Record {
	w.Helper()
	records, err := w.records.Get(w.Context(), store.ByInstance(id))
	if err != nil {
		w.Fatal(err)
	}
	if len(records) == 0 {
		return nil
	}
	return &records[0]
}

// visible reports whether schedule servers see the instance's worker.
func (w *world) visible(id string) bool {
	r := w.record(id)
	return r != nil && r.Visible()
}

// eventually waits until it is so.
func (w *world) eventually(what string, so func() bool) {
	w.Helper()
	for began := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			w.Fatalf("not within a minute: %s", what)
		}
	}
}

// stays fails unless it is so for a while, in which several sweeps take place.
func (w *world) stays(what string, so func() bool) {
	w.Helper()
	for began := time.Now(); time.Since(began) < 1500*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		if !so() {
			w.Fatalf("no longer so: %s", what)
		}
	}
}

func (w *world) state(name string) string { return w.node(name).Labels[k8snode.LabelState] }

func hasTaint(n *corev1.Node, t corev1.Taint) bool {
	return slices.ContainsFunc(n.Spec.Taints, func(other corev1.Taint) bool { return t.MatchTaint(&other) })
}

// reasons are those of the events about a node.
func (w *world) reasons(node string) []string {
	w.Helper()
	var list eventsv1.EventList
	if err := w.kube.List(w.Context(), &list); err != nil {
		w.Fatal(err)
	}
	var reasons []string
	for _, e := range list.Items {
		if e.Regarding.Name == node {
			reasons = append(reasons, e.Reason)
		}
	}
	slices.Sort(reasons)
	return reasons
}

func (w *world) told(node, reason string) bool { return slices.Contains(w.reasons(node), reason) }
