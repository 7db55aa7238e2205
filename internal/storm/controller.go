package storm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

const (
	// look is how often a controller looks whether there is something to work on.
	look = 200 * time.Millisecond
	// EC2 has a burst of associations, and one more each 200 ms.
	burst = 50
	each  = 200 * time.Millisecond
	// pause is the shortest time between two batches. The first worker waits for
	// nobody; in what storms launch meanwhile there are fewer workers than EC2 has
	// in its burst, so that hardly a token is late.
	pause = 2 * time.Second
	// A large batch is followed by a longer pause: until EC2's bucket is full again
	// no token is lost by collecting, but a worker may wait for that long.
	pauseLong = 6 * time.Second
	// Once the burst is used up, those that come now have to wait anyway, and so
	// does the next batch; but not for so long that a queue which moves faster
	// than expected would run dry.
	pauseMost = 30 * time.Second
)

// Controller is this module as one process: it reconciles what events name in
// batches as they arrive, comes back as outcomes say, and sweeps each minute.
func Controller(n Naming) Contender {
	c := n.contender("controller")
	c.Run = func(ctx context.Context, w *World) error {
		b, err := w.newBinder("controller", n, forBatches())
		if err != nil {
			return err
		}
		var group sync.WaitGroup
		defer group.Wait()
		q := newWorkQueue()
		group.Go(func() { eachMinute(ctx, func(ctx context.Context) { _, _ = b.Sweep(ctx) }) }) // the next sweep tries again
		group.Go(func() {
			for sleep(ctx, look) == nil {
				if ids := q.take(time.Now()); len(ids) > 0 {
					group.Go(func() {
						outcomes, _ := b.Reconcile(ctx, ids...) // each outcome has its error
						q.done(outcomes)
					})
				}
			}
		})
		seen := map[awssim.StateChange]bool{} // EventBridge repeats an event under its ID
		for d := range w.Events(ctx) {
			if d.Change.State != "pending" && !seen[d.Change] {
				seen[d.Change] = true
				q.add(d.Change.InstanceID)
			}
		}
		return nil
	}
	return c
}

// workQueue holds what is to be reconciled and when. What is being reconciled
// is not given out again meanwhile.
type workQueue struct {
	mu    sync.Mutex
	items map[string]*item
	given time.Time // the last batch
	full  time.Time // when EC2's bucket is full again after all batches
}

type item struct {
	since    time.Time // the order in which items are given out
	due      time.Time
	busy     bool
	again    bool // an event came meanwhile
	failures int
}

func newWorkQueue() *workQueue {
	return &workQueue{items: map[string]*item{}}
}

func (q *workQueue) add(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	switch i := q.items[id]; {
	case i == nil:
		q.items[id] = &item{since: now, due: now}
	case i.busy:
		i.again = true
	default:
		i.due = now
	}
}

// take gives out what is due, the oldest first, unless it is too soon after the
// last time.
func (q *workQueue) take(now time.Time) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.given) < q.pause(now) {
		return nil
	}
	var ids []string
	for id, i := range q.items {
		if !i.busy && !i.due.After(now) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(q.items[a].since.Compare(q.items[b].since), strings.Compare(a, b))
	})
	for _, id := range ids {
		q.items[id].busy = true
	}
	if len(ids) > 0 {
		q.given, q.full = now, later(now, q.full).Add(time.Duration(len(ids))*each)
	}
	return ids
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pause is the time between the last batch and the next one, as of now.
func (q *workQueue) pause(now time.Time) time.Duration {
	refilling := q.full.Sub(q.given)
	queue := q.full.Sub(now) - burst*each
	return max(pause, min(refilling, pauseLong), min(queue, pauseMost))
}

// done takes back what was given out.
func (q *workQueue) done(outcomes []binder.Outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range outcomes {
		i := q.items[o.InstanceID]
		i.busy = false
		after, again := i.comeBack(o)
		switch {
		case i.again:
			i.due, i.again = time.Now(), false
		case again:
			i.due = time.Now().Add(after)
		default:
			delete(q.items, o.InstanceID)
		}
	}
}

// comeBack says whether an instance is to be reconciled again, and after which time.
func (i *item) comeBack(o binder.Outcome) (after time.Duration, again bool) {
	if o.Status.Waiting() {
		return o.RetryAfter, true
	}
	if o.Err == nil || terminal(o) {
		return 0, false
	}
	i.failures++
	return min(time.Second<<min(i.failures, 6), time.Minute), true
}

func terminal(o binder.Outcome) bool {
	var failure *binder.Error
	return errors.As(o.Err, &failure) && failure.Terminal
}
