package k8snode_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"golang.org/x/time/rate"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
)

// paced associates only so often, as EC2 does, and lets nobody wait in vain.
type paced struct {
	eippool.Pool
	bucket *rate.Limiter
}

func (p paced) Pace(ctx context.Context) (context.Context, func(), error) {
	return ctx, func() {}, p.bucket.Wait(ctx)
}

// Two hundred nodes at once, while somebody edits the taints of all of them all
// the time: each is usable, no taint is lost, and the API server has little to do.
func TestStorm(t *testing.T) {
	const nodes, burst, perSecond = 200, 50, 50 // ten times EC2's rate: 3 s at least
	w := newWorld(t, nodes)
	w.pool = paced{w.mempool, rate.NewLimiter(perSecond, burst)}
	c := w.start()
	ids, names := make([]string, nodes), make([]string, nodes)
	var group sync.WaitGroup
	began := time.Now()
	for i := range nodes {
		group.Go(func() {
			ids[i] = w.launch(binder.Running)
			names[i] = w.register(fmt.Sprint(i), ids[i], registered).Name
		})
	}
	group.Wait()
	editing, stop := context.WithCancel(t.Context())
	var editor sync.WaitGroup
	edits := make([]int, nodes)
	for part := range 4 {
		editor.Go(func() { w.editTaints(editing, names, edits, part) })
	}
	usable := make([]bool, nodes)
	var took time.Duration
	w.eventually("all are usable", func() bool {
		var list corev1.NodeList
		if err := w.kube.List(t.Context(), &list, client.MatchingLabels{"karpenter.sh/nodepool": w.name}); err != nil {
			t.Fatal(err)
		}
		for _, n := range list.Items {
			i := slices.Index(names, n.Name)
			usable[i] = !hasTaint(&n, gate) && w.visible(ids[i])
		}
		took = time.Since(began)
		return !slices.Contains(usable, false)
	})
	stop()
	editor.Wait()
	made, batches := c.requests.list(), w.calls.batches()
	t.Logf("%d nodes in %s (the rate's floor is %s), %d requests, %d calls of Reconcile, %d edits by somebody else",
		nodes, took, (nodes-burst)*time.Second/perSecond, len(made), len(batches), sum(edits))
	if len(made) > 4*nodes {
		t.Errorf("%d requests for %d nodes", len(made), nodes)
	}
	if len(batches) > 25 {
		t.Errorf("%d calls of Reconcile for %d nodes", len(batches), nodes)
	}
	for i, name := range names {
		n := w.node(name)
		if !hasTaint(n, foreign) || !hasTaint(n, mark(edits[i])) {
			t.Errorf("%s lost taints of others: it has %v, and was edited %d times", name, n.Spec.Taints, edits[i])
		}
		if got, want := n.Annotations["eipbinder.io/address"], w.record(ids[i]).IP.String(); got != want {
			t.Errorf("%s says %s, the record %s", name, got, want)
		}
	}
}

// mark is the taint of the editor's n-th edit; the zeroth is somebody else's.
func mark(n int) corev1.Taint {
	if n == 0 {
		return foreign
	}
	return corev1.Taint{Key: fmt.Sprintf("example.com/edit-%d", n), Effect: corev1.TaintEffectPreferNoSchedule}
}

// editTaints replaces its own taint on random nodes of its part, at a random
// place, as a careful client does.
func (w *world) editTaints(ctx context.Context, names []string, edits []int, part int) {
	for ctx.Err() == nil {
		i := rand.IntN(len(names)/4)*4 + part
		var node corev1.Node
		if w.kube.Get(ctx, client.ObjectKey{Name: names[i]}, &node) != nil {
			continue
		}
		old, next := mark(edits[i]), mark(edits[i]+1)
		kept := slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool { return edits[i] > 0 && t.MatchTaint(&old) })
		node.Spec.Taints = slices.Insert(kept, rand.IntN(len(kept)+1), next)
		switch err := w.kube.Update(context.WithoutCancel(ctx), &node); {
		case err == nil:
			edits[i]++
		case !apierrors.IsConflict(err):
			w.Error(err)
			return
		}
	}
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}
