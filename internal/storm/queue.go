package storm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// How the function for batches is set up.
const (
	// Smaller batches have fewer new workers among those that come back because of
	// their names, so that turns go unused; larger ones leave the others idle at the
	// end.
	batchSize   = 20
	batchWindow = time.Second
	// maxConcurrency is how many batches there are at once; each has its equal part
	// of the account's quotas.
	maxConcurrency = 5
	// visibility is AWS's advice: six times the function's time-out and the window.
	visibility = 6*functionTimeout + batchWindow
	// maxReceives is after how many deliveries a message goes to the dead-letter queue.
	maxReceives = 20
	// margin is what a function keeps of its time for its answer.
	margin = 6 * time.Second
)

// Queue is this module behind SQS: EventBridge fills a queue, Lambda's event
// source mapping takes batches from it, and another function sweeps each minute.
func Queue(n Naming) Contender {
	c := n.contender("SQS batches")
	c.Run = func(ctx context.Context, w *World) error {
		sweeper, err := w.newBinder("sweep", n, forBatches().sharedBy(sweepSharers))
		if err != nil {
			return err
		}
		var group sync.WaitGroup
		defer group.Wait()
		q := &queue{}
		for i := range maxConcurrency {
			b, err := w.newBinder(fmt.Sprintf("batch-%d", i), n, forBatches().sharedBy(maxConcurrency).handingBack())
			if err != nil {
				return err
			}
			group.Go(func() { q.poll(ctx, b, time.Duration(i)) })
		}
		group.Go(func() { eachMinute(ctx, func(ctx context.Context) { _, _ = sweeper.Sweep(ctx) }) }) // the next sweep tries again
		for d := range w.Events(ctx) {
			if d.Change.State != "pending" {
				q.send(d.Change.InstanceID)
			}
		}
		return nil
	}
	return c
}

// queue is an SQS queue of messages that each name an instance.
type queue struct {
	mu       sync.Mutex
	sent     int
	messages []*message
}

type message struct {
	number     int
	instanceID string
	visibleAt  time.Time
	receives   int
}

func (q *queue) send(instanceID string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent++
	q.messages = append(q.messages, &message{number: q.sent, instanceID: instanceID, visibleAt: time.Now()})
}

// visible reports whether there is anything to receive.
func (q *queue) visible() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(q.messages, func(m *message) bool { return !m.visibleAt.After(now) })
}

// receive returns a batch, and hides it for the visibility time-out.
func (q *queue) receive() []*message {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receives >= maxReceives && !m.visibleAt.After(now) })
	var batch []*message
	for _, m := range q.messages {
		if len(batch) < batchSize && !m.visibleAt.After(now) {
			m.visibleAt = now.Add(visibility)
			m.receives++
			batch = append(batch, m)
		}
	}
	return batch
}

// poll is one of the mapping's concurrent invocations: it waits for messages,
// collects them for the window, and invokes the function. The time is its own
// part of a nanosecond clock.
func (q *queue) poll(ctx context.Context, b *binder.Binder, residue time.Duration) {
	if sleep(ctx, residue) != nil {
		return
	}
	for sleep(ctx, 100*time.Millisecond) == nil {
		if !q.visible() || sleep(ctx, batchWindow) != nil {
			continue
		}
		if batch := q.receive(); len(batch) > 0 {
			q.handle(ctx, b, batch)
		}
	}
}

// handle is the function: it reconciles the batch's instances and settles each message.
func (q *queue) handle(ctx context.Context, b *binder.Binder, batch []*message) {
	limited, cancel := context.WithTimeout(ctx, functionTimeout-margin)
	defer cancel()
	slices.SortFunc(batch, func(x, y *message) int { return cmp.Compare(x.number, y.number) })
	var ids []string
	for _, m := range batch {
		ids = append(ids, m.instanceID)
	}
	outcomes, _ := b.Reconcile(limited, ids...) // each outcome has its error
	of := map[string]binder.Outcome{}
	for _, o := range outcomes {
		of[o.InstanceID] = o
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range batch {
		q.settle(m, of[m.instanceID])
	}
}

// settle does what an outcome means for its message: a waiting one comes back
// after its time, a failed one after the visibility time-out, and all else is
// acknowledged; so is what found the pool exhausted, which the sweep goes on with.
func (q *queue) settle(m *message, o binder.Outcome) {
	switch {
	case o.Status.Waiting() && o.Status != binder.Exhausted:
		m.visibleAt = time.Now().Add(o.RetryAfter)
	case o.Err != nil && !terminal(o):
	default:
		q.messages = slices.DeleteFunc(q.messages, func(other *message) bool { return other == m })
	}
}
