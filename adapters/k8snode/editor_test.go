package k8snode_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// hand is one of somebody who has a taint of their own on each node of a world, and
// changes it all the time. Each node has one hand.
type hand struct {
	*world
	part  int            // of hands
	edits map[string]int // of each node
}

const hands = 4

// editTaints edits until it is stopped. Then it says how often it has edited each
// node.
func (w *world) editTaints() (stop func() map[string]int) {
	ctx, cancel := context.WithCancel(w.Context())
	var group sync.WaitGroup
	edits := make([]map[string]int, hands)
	for part := range edits {
		edits[part] = map[string]int{}
		group.Go(func() { hand{w, part, edits[part]}.run(ctx) })
	}
	stop = sync.OnceValue(func() map[string]int {
		cancel()
		group.Wait()
		for _, more := range edits[1:] {
			maps.Copy(edits[0], more)
		}
		return edits[0]
	})
	w.Cleanup(func() { stop() })
	return stop
}

// run edits the nodes that there are by then, and that have not been let in, in any
// order.
func (h hand) run(ctx context.Context) {
	always := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		var list corev1.NodeList
		if err := h.kube.List(always, &list, client.MatchingLabels{"karpenter.sh/nodepool": h.name}); err != nil {
			h.Error(err)
			return
		}
		for _, i := range rand.Perm(len(list.Items)) {
			name := list.Items[i].Name
			if ctx.Err() == nil && hasTaint(&list.Items[i], gate) && int(name[len(name)-1])%hands == h.part {
				h.edit(always, name)
			}
		}
	}
}

// edit puts the next taint in place of the last one, anywhere, as a careful client
// does. That somebody was faster is no harm.
func (h hand) edit(ctx context.Context, name string) {
	var node corev1.Node
	if err := h.kube.Get(ctx, client.ObjectKey{Name: name}, &node); err != nil {
		h.Error(err)
		return
	}
	edits := h.edits[name]
	last, next := mark(edits), mark(edits+1)
	kept := slices.DeleteFunc(node.Spec.Taints, func(t corev1.Taint) bool { return edits > 0 && t.MatchTaint(&last) })
	node.Spec.Taints = slices.Insert(kept, rand.IntN(len(kept)+1), next)
	switch err := h.kube.Update(ctx, &node); {
	case err == nil:
		h.edits[name]++
	case !apierrors.IsConflict(err):
		h.Error(err)
	}
}

// mark is the taint of the editor's n-th edit; the zeroth is somebody else's.
func mark(n int) corev1.Taint {
	if n == 0 {
		return foreign
	}
	return corev1.Taint{Key: fmt.Sprintf("example.com/edit-%d", n), Effect: corev1.TaintEffectPreferNoSchedule}
}

func sum(numbers map[string]int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}
