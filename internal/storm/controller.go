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
	"github.com/eipbinder/eipbinder/internal/gather"
)

const (
	// look is how often a controller looks whether there is something to work on.
	look = 200 * time.Millisecond
	// pause is the shortest time between two batches. The first worker waits for
	// nobody; in what storms launch meanwhile there are fewer workers than EC2 has
	// in its burst, so that hardly a token is late.
	pause = 2 * time.Second
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
	pace  *gather.Pace
}

type item struct {
	since    time.Time // the order in which items are given out
	due      time.Time
	busy     bool
	again    bool // an event came meanwhile
	failures int
}

func newWorkQueue() *workQueue {
	return &workQueue{items: map[string]*item{}, pace: gather.New(50, 200*time.Millisecond)} // EC2's documented bucket
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
	if now.Before(q.pace.Due(pause)) {
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
		q.pace.Began(now, len(ids))
	}
	return ids
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
