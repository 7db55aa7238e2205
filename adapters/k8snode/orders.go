package k8snode

import (
	"cmp"
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/eipbinder/eipbinder/binder"
)

// verb is an order to the Binder about one instance.
type verb string

const (
	hide verb = "hide"
	show verb = "show"
)

// orders carries out what hides and shows workers: each by a call of its own,
// which ends after Options.CallTime, and which only its own node waits for.
type orders struct {
	*looks
	queue workqueue.TypedInterface[string] // of instances
}

func newOrders(l *looks) *orders { return &orders{l, workqueue.NewTyped[string]()} }

// Start carries orders out until the context ends.
func (o *orders) Start(ctx context.Context) error {
	defer context.AfterFunc(ctx, o.queue.ShutDown)()
	var hands sync.WaitGroup
	for range o.opts.Concurrency {
		hands.Go(func() {
			for id, over := o.queue.Get(); !over; id, over = o.queue.Get() {
				o.carryOut(ctx, id)
				o.queue.Done(id)
			}
		})
	}
	hands.Wait()
	return nil
}

// give returns what an order failed by, once. Until it has, or is carried out, it
// sees to it that the order will be; then the node is told. If that is not yet to
// be tried again, wait says when.
func (o *orders) give(id string, v verb) (answer *binder.Outcome, wait time.Duration) {
	o.change(id, func(e *entry) {
		if e.order != v && e.orderAt.IsZero() {
			e.orderAt = time.Now()
		}
		wait = max(time.Until(e.orderDue), 0)
		switch {
		case e.order == v: // an answer, or none yet
			answer, wait = e.answer, 0
			if answer != nil {
				e.order, e.answer = "", nil
			}
		case wait == 0:
			e.order, e.answer = v, nil
			o.queue.Add(id)
		}
	})
	return answer, wait
}

// carryOut carries out what is ordered by now.
func (o *orders) carryOut(ctx context.Context, id string) {
	know := o.of(id)
	if ctx.Err() != nil || know.order == "" || know.answer != nil {
		return
	}
	call := o.binder.Drain
	if know.order == show {
		call = o.binder.Undrain
	}
	limited, cancel := context.WithTimeout(ctx, o.opts.CallTime)
	defer cancel()
	outcome, err := call(limited, id, asController)
	if ctx.Err() == nil {
		outcome.Err = cmp.Or(outcome.Err, err)
		o.answered(id, know.order, outcome)
	}
}

// answered keeps the answer for the node, unless something else is ordered by now:
// that is in the queue. An order that is carried out is an outcome like those of
// looks; what is on its way from an earlier look is then older: if the node needs
// it, it asks again.
func (o *orders) answered(id string, v verb, outcome binder.Outcome) {
	o.change(id, func(e *entry) {
		if e.order != v {
			return
		}
		switch {
		case outcome.Err != nil:
			e.orderFails = min(e.orderFails+1, 10)
			e.orderDue = time.Now().Add(backoff(e.orderFails))
		case outcome.Status.Waiting():
			e.orderDue = time.Now().Add(max(outcome.RetryAfter, shortRetry))
		default:
			e.orderAt, e.orderDue, e.orderFails = time.Time{}, time.Time{}, 0
			o.carriedOut(e, outcome)
			return
		}
		e.answer = &outcome
		o.again(e)
	})
}

// carriedOut takes what became of an order. Where its Node is gone, and it is being
// asked whether the instance has ended, only that it has is news.
func (o *orders) carriedOut(e *entry, outcome binder.Outcome) {
	ended := outcome.Status == binder.Unbound
	switch {
	case e.gone && !ended && (e.asked || e.call > 0):
		e.order = ""
	case ended || bound(outcome):
		e.order, e.call, e.again = "", 0, false
		o.keep(e, outcome)
	default:
		e.call, e.answer = 0, &outcome
		o.again(e)
	}
}

// NeedLeaderElection keeps all but the leader from carrying orders out.
func (*orders) NeedLeaderElection() bool { return true }
