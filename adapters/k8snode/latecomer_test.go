package k8snode_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/eipbinder/eipbinder/store"
)

// latecomer is a store, and somebody who puts a taint before all others of every
// other node, just after the worker's record was written: the patch that opens the
// gate is likely to be made from what the cache still shows. The nodes and their
// instances are numbered.
type latecomer struct {
	watched
	world *world
	edits atomic.Int64
}

var lateTaint = corev1.Taint{Key: "example.com/late", Effect: corev1.TaintEffectPreferNoSchedule}

func (l *latecomer) Put(ctx context.Context, r store.Record) (store.Record, error) {
	put, err := l.watched.Put(ctx, r)
	if i := number(put.InstanceID); err == nil && put.Visible() && editedLate(i) {
		l.world.edit(fmt.Sprintf("%s-%d", l.world.name, i), func(n *corev1.Node) {
			n.Spec.Taints = slices.Insert(n.Spec.Taints, 0, lateTaint)
		})
		l.edits.Add(1)
	}
	return put, err
}

func editedLate(i int) bool { return i%2 == 0 }

// numbered is the instance of this number.
func numbered(i int) string { return fmt.Sprintf("i-%017x", i) }

func number(id string) (i int) {
	_, _ = fmt.Sscanf(id, "i-%x", &i)
	return i
}
