package k8snode_test

import (
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
)

// Two hundred nodes at once by a bucket like EC2's, but ten times as fast, as is
// the controller's pace that follows from it: all are usable by one token each. That
// this takes no longer than the bucket needs is for virtual time to show: see
// TestStormTakesTheFloor. Here it depends on what else this machine does.
func TestStormAtARate(t *testing.T) {
	const nodes, each = 200, time.Second / perSecond / 10
	const floor = (nodes - burst) * each
	w := newWorld(t, nodes)
	pool := k8snode.NewRatedPool(w.mempool, burst, each)
	w.pool = pool
	s := w.storm(nodes, func(o *k8snode.Options) { o.AssociateBurst, o.AssociateEvery = burst, each })
	t.Logf("%s; the floor is %s", s, floor)
	if s.took < floor {
		t.Errorf("it took %s: the bucket, whose floor is %s, did not hold", s.took, floor)
	}
	if used, back := pool.Used.Load(), pool.Back.Load(); used != nodes || back > 0 {
		t.Errorf("%d tokens were used, and %d not used", used, back)
	}
	s.check()
}
