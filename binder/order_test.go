package binder_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// slowStore takes a second for each write, and knows when it was first asked to
// write something about an instance.
type slowStore struct {
	store.Store

	mu    sync.Mutex
	began map[string]time.Time
}

func (s *slowStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	s.mu.Lock()
	if _, known := s.began[r.InstanceID]; !known {
		s.began[r.InstanceID] = time.Now()
	}
	s.mu.Unlock()
	time.Sleep(time.Second)
	return s.Store.Put(ctx, r)
}

// slowly returns a binder whose writes take time.
func (w *world) slowly(concurrency int) (*binder.Binder, *slowStore) {
	slow := &slowStore{Store: w.store, began: map[string]time.Time{}}
	b, err := binder.New(binder.Backends{
		Fleet: w.fleet, Pool: w.pool, Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: slow,
	}, func(o *binder.Options) { o.Suffix, o.Concurrency = suffix, concurrency })
	if err != nil {
		w.t.Fatal(err)
	}
	return b, slow
}

// inOrder checks that none of them began before one that precedes it.
func (s *slowStore) inOrder(t *testing.T, ids []string) {
	t.Helper()
	last := s.began[ids[0]]
	for n, id := range ids {
		if s.began[id].Before(last) {
			t.Errorf("%s, the %dth, began %s before the one that precedes it", id, n, last.Sub(s.began[id]))
		}
		last = s.began[id]
	}
}

// shuffled returns so many IDs, in an order that is not theirs.
func shuffled(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("i-%02d", i*7%n)
	}
	return ids
}

func TestReconcileBeginsInTheOrderOfTheIDs(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 40)
			ids := shuffled(40)
			for _, id := range slices.Sorted(slices.Values(ids)) {
				w.launch(id)
			}
			b, slow := w.slowly(concurrency)
			if _, err := b.Reconcile(t.Context(), ids...); err != nil {
				t.Fatal(err)
			}
			slow.inOrder(t, ids)
		})
	}
}

// Who was launched first comes first, and of those that were launched at once
// the one with the lower ID.
func TestSweepBeginsWithWhoHasWaitedForLongest(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 40)
			ids := shuffled(40)
			for pair := range slices.Chunk(ids, 2) {
				slices.Sort(pair)
				w.launch(pair[1])
				w.launch(pair[0])
				time.Sleep(time.Minute)
			}
			b, slow := w.slowly(concurrency)
			report := sweep(t, b)
			slow.inOrder(t, ids)
			for n, o := range report.Outcomes {
				if want(t, o, binder.Bound); o.InstanceID != ids[n] || report.Actions[n].InstanceID != ids[n] {
					t.Errorf("the %dth is %s in the plan and %s in the outcomes, not %s", n, report.Actions[n].InstanceID, o.InstanceID, ids[n])
				}
			}
		})
	}
}

// What has not begun when the context ends is handed back as it was.
func TestWhatHasNotBegunIsHandedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 40)
		ids := shuffled(40)
		for _, id := range ids {
			w.launch(id)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10500*time.Millisecond)
		defer cancel()
		b, slow := w.slowly(2)
		outcomes, _ := b.Reconcile(ctx, ids...)
		begun := len(slow.began)
		if begun < 4 || begun > 20 {
			t.Fatalf("%d have begun", begun)
		}
		for n, o := range outcomes {
			_, began := slow.began[o.InstanceID]
			untouched := o.Status == binder.NotReady && o.RetryAfter > 0 && o.AllocationID == "" && w.record(o.InstanceID) == nil
			if began != (n < begun) || !began && !untouched {
				t.Errorf("the %dth began: %t, %+v", n, began, o)
			}
		}
		if _, err := b.Reconcile(t.Context(), ids...); err != nil {
			t.Errorf("the next call: %v", err)
		}
	})
}
