package binder

import (
	"context"
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

// A pool that may be asked to associate, or to disassociate, only so often
// (eippool.Pacer) is waited for before anything is reserved or leased, so that no
// lease runs out in the queue, and without a slot, so that others work meanwhile.
// Who asks first is served first.

// afterTurn is what is kept of the time that a call has, for what comes after
// the turn: at most that, and at most a quarter of the time.
const afterTurn = 5 * time.Second

// queuedRetry is when to come back about an instance that another call of this
// process is about to bind or to unbind.
const queuedRetry = 15 * time.Second

// longTurn is after which wait for a turn the pause switch is read again.
const longTurn = 5 * time.Second

// turn is the pool's leave to make one call. The zero turn is none.
type turn struct {
	of    step            // the one that makes the call
	paced context.Context // what to make it under
	done  func()          // gives back a turn that was not used
}

// pace waits for a turn, as eippool.Pacer has it.
type pace func(context.Context) (paced context.Context, done func(), err error)

// paceOf is the pool's pace of a step, nil if it has none.
func (b *Binder) paceOf(s step) pace {
	switch s {
	case stepAssociate:
		if p, ok := b.pool.(eippool.Pacer); ok {
			return p.Pace
		}
	case stepDisassociate:
		if p, ok := b.pool.(eippool.DisassociationPacer); ok {
			return p.PaceDisassociate
		}
	}
	return nil
}

// lacksTurn reports whether the step needs a turn that the run does not have.
func (r *run) lacksTurn(s step) bool { return r.turn.of != s && r.b.paceOf(s) != nil }

// paced does what leads to a step that the pool paces, once it is this run's turn
// for that. A turn that would come too late ends the run, with nothing begun.
func (r *run) paced(ctx context.Context, of step, do func(context.Context) (decision, error)) (decision, error) {
	if r.turn.of != of {
		r.endTurn() // of a call that turned out not to be needed
	}
	if r.lacksTurn(of) {
		if d, err := r.awaitTurn(ctx, of); d.step != "" || err != nil {
			return d, err
		}
	}
	return do(ctx)
}

func (r *run) awaitTurn(ctx context.Context, of step) (decision, error) {
	if _, waits := r.b.queued.LoadOrStore(r.v.id, true); waits {
		return wait(Busy, queuedRetry, "another call of this process waits for its turn"), nil
	}
	defer r.b.queued.Delete(r.v.id)
	waiting, cancel := r.beforeTheEnd(ctx)
	defer cancel()
	var got turn
	var err error
	r.withoutSlot(func() { got.paced, got.done, err = r.b.paceOf(of)(waiting) })
	late := (*eippool.LateError)(nil)
	switch {
	case errors.As(err, &late):
		return wait(NotReady, max(late.RetryAfter, time.Second), "the pool's pace leaves no turn in time"), nil
	case err != nil && waiting.Err() != nil:
		return wait(NotReady, time.Second, "the pool's pace left no turn in time"), nil
	case err != nil:
		return decision{}, err
	}
	got.of = of
	asked := r.v.now
	r.turn, r.v.now = got, time.Now()
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

// inTurn makes a call with the run's turn, if it has one, which then is used up.
func (r *run) inTurn(call func(context.Context) (decision, error)) func(context.Context) (decision, error) {
	return func(ctx context.Context) (decision, error) {
		defer r.endTurn()
		if r.turn.of != "" {
			ctx = turnContext{ctx, r.turn.paced}
		}
		return call(ctx)
	}
}

// endTurn gives back a turn that was not used.
func (r *run) endTurn() {
	if r.turn.of != "" {
		r.turn.done()
	}
	r.turn = turn{}
}
