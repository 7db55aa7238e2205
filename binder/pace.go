package binder

import (
	"context"
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

// A pool that may be asked to associate only so often (eippool.Pacer) is waited
// for before anything is reserved or leased, so that no lease runs out in the
// queue, and without a slot, so that others work meanwhile. Who asks first is
// served first.

// afterTurn is what is kept of the time that a call has, for what comes after
// the turn: at most that, and at most a quarter of the time.
const afterTurn = 5 * time.Second

// queuedRetry is when to come back about an instance that another call of this
// process is about to bind.
const queuedRetry = 15 * time.Second

// longTurn is after which wait for a turn the pause switch is read again.
const longTurn = 5 * time.Second

// paced takes a step that begins an association, once it is this run's turn. A
// turn that would come too late ends the run, with nothing begun.
func (r *run) paced(ctx context.Context, step func(context.Context) (decision, error)) (decision, error) {
	if pacer, paces := r.b.pool.(eippool.Pacer); paces && r.turn == nil {
		if d, err := r.awaitTurn(ctx, pacer); d.step != "" || err != nil {
			return d, err
		}
	}
	return step(ctx)
}

func (r *run) awaitTurn(ctx context.Context, pacer eippool.Pacer) (decision, error) {
	if _, waits := r.b.queued.LoadOrStore(r.v.id, true); waits {
		return wait(Busy, queuedRetry, "another call of this process waits for its turn"), nil
	}
	defer r.b.queued.Delete(r.v.id)
	waiting, cancel := r.beforeTheEnd(ctx)
	defer cancel()
	var turn context.Context
	var done func()
	var err error
	r.withoutSlot(func() { turn, done, err = pacer.Pace(waiting) })
	late := (*eippool.LateError)(nil)
	switch {
	case errors.As(err, &late):
		return wait(NotReady, max(late.RetryAfter, time.Second), "the pace of associations leaves no turn in time"), nil
	case err != nil && ctx.Err() == nil && waiting.Err() != nil:
		return wait(NotReady, time.Second, "the pace of associations left no turn in time"), nil
	case err != nil:
		return decision{}, err
	}
	asked := r.v.now
	r.turn, r.yield, r.v.now = turn, done, time.Now()
	if r.v.now.Sub(asked) < longTurn {
		return decision{}, nil
	}
	reason, err := r.b.paused(ctx)
	if err == nil && reason != "" {
		return wait(NotReady, pausedRetry, ErrPaused.Error()+": "+reason), nil
	}
	return decision{}, err
}

// beforeTheEnd is the context, but with a deadline that leaves time for what
// comes after a turn.
func (r *run) beforeTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ends := ctx.Deadline()
	if !ends {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-min(afterTurn, end.Sub(r.start)/4)))
}

// turnContext is a context that also carries a turn.
type turnContext struct {
	context.Context
	turn context.Context
}

// Value returns what either of them has.
func (c turnContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.turn.Value(key)
}

// associateInTurn associates with the run's turn, if it has one. It is for one
// call.
func (r *run) associateInTurn(ctx context.Context) (decision, error) {
	defer r.endTurn()
	if r.turn != nil {
		ctx = turnContext{ctx, r.turn}
	}
	return r.associate(ctx)
}

// endTurn gives back a turn that was not used.
func (r *run) endTurn() {
	if r.turn != nil {
		r.yield()
	}
	r.turn, r.yield = nil, nil
}
