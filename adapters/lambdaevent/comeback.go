package lambdaevent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/eipbinder/eipbinder/binder"
)

const (
	firstBackoff = 5 * time.Second
	maxBackoff   = 5 * time.Minute
	// maxUnknown is how often a message is received about an instance that EC2 does
	// not show. It shows a new one within seconds, rarely minutes; this is 35 s.
	maxUnknown = 4
	// manyReceives is after how many a message comes back slowly. It waits for a pause
	// to end, or for Route 53, and must not end in the dead-letter queue for that.
	manyReceives = 9
	// atOnce is how many calls for one batch are made at a time.
	atOnce = 16
	// whenQueueSays: the message comes back after the queue's visibility timeout.
	whenQueueSays time.Duration = -1
)

// comeback is a message that is to come back.
type comeback struct {
	message
	after time.Duration
}

// judge reports whether the message has to come back, and when. Of several
// instances that is when the last one is worth another look.
func (r result) judge(m message) (back comeback, open bool) {
	back.message = m
	if m.poison != nil {
		back.after = whenQueueSays
		return back, true
	}
	for _, id := range m.ids {
		o := r.of(m, id)
		unbegun := r.late && o.Status == binder.NotReady // perhaps it never had its turn, whatever follows
		if m.unknown(o) || !unbegun && !m.note.leavesOpen(&o) {
			continue
		}
		back.after, open = max(back.after, r.wait(m, o)), true
	}
	return back, open
}

// unknown reports whether EC2 has not shown the instance for so long that the
// message would end in the dead-letter queue, though nothing is wrong.
func (m message) unknown(o binder.Outcome) bool {
	return o.Status == binder.Gone && m.received() >= maxUnknown
}

// wait is how long to wait before another look at an open outcome.
func (r result) wait(m message, o binder.Outcome) time.Duration {
	switch {
	case o.Status.Waiting() && m.received() > manyReceives:
		return max(o.RetryAfter, maxBackoff)
	case o.Status.Waiting():
		return max(o.RetryAfter, time.Second)
	case r.late && isContext(o.Err):
		return 0 // nothing is wrong with it
	}
	return backoff(m.received())
}

// backoff doubles with each receive.
func backoff(received int) time.Duration {
	wait := firstBackoff
	for range received - 1 {
		if wait *= 2; wait >= maxBackoff {
			return maxBackoff
		}
	}
	return wait
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// handBack answers which messages come back, and tells the queue when. If that
// fails, they do so after the queue's visibility timeout.
func (h *Handler) handBack(ctx context.Context, back []comeback) events.SQSEventResponse {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	listed := map[string]bool{}
	var timed []comeback
	for _, c := range back {
		if !listed[c.MessageId] {
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: c.MessageId})
		}
		listed[c.MessageId] = true
		if c.after != whenQueueSays {
			timed = append(timed, c)
		}
	}
	if h.opts.Visibility == nil {
		return answer
	}
	ctx, cancel := h.beforeKill(ctx)
	defer cancel()
	parallel(timed, func(c comeback) {
		if err := h.opts.Visibility.ChangeVisibility(ctx, c.ReceiptHandle, c.after); err != nil {
			h.opts.Logger.WarnContext(ctx, "message comes back after the queue's visibility timeout", "message", c.MessageId, "error", err)
		}
	})
	return answer
}

// beforeKill leaves the time for the answer: a twelfth of the margin, 500 ms by
// default.
func (h *Handler) beforeKill(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(h.opts.Margin, time.Until(deadline))/12))
}

// each calls a verb for each of the instances, and logs what became of them.
func (h *Handler) each(ctx context.Context, ids []string, verb func(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error)) map[string]binder.Outcome {
	outcomes := make([]binder.Outcome, len(ids))
	places := make([]int, len(ids))
	for i := range places {
		places[i] = i
	}
	parallel(places, func(i int) { outcomes[i], _ = verb(ctx, ids[i]) }) // a failed outcome has its error
	h.log(ctx, outcomes)
	return byInstance(outcomes)
}

// parallel does something for all elements, some at a time.
func parallel[T any](all []T, do func(T)) {
	var group sync.WaitGroup
	defer group.Wait()
	slots := make(chan struct{}, atOnce)
	for _, element := range all {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(element)
		})
	}
}
