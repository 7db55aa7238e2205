package ec2pool

import (
	"context"
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

// Pace implements [eippool.Pacer]: the turn is for AssociateAddress. The
// Describe call that Associate makes before has a limit of its own, four times as
// high, and is paced as any other. Without Options.Turns, Pace returns at once.
func (p *Pool) Pace(ctx context.Context) (paced context.Context, done func(), err error) {
	return p.turn(ctx, "AssociateAddress")
}

// PaceDisassociate is to Disassociate what Pace is to Associate: the turn is for
// DisassociateAddress, which has a limit of its own.
func (p *Pool) PaceDisassociate(ctx context.Context) (paced context.Context, done func(), err error) {
	return p.turn(ctx, "DisassociateAddress")
}

// turn waits for a turn for the action.
func (p *Pool) turn(ctx context.Context, action string) (paced context.Context, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if p.options.Turns == nil {
		return ctx, func() {}, nil
	}
	paced, done, err = p.options.Turns.Turn(ctx, action)
	if err != nil {
		return nil, nil, orLate(err)
	}
	return paced, done, nil
}

// orLate returns err, as an [eippool.LateError] if it says that a turn would
// have come too late.
func orLate(err error) error {
	var late interface {
		error
		RetryAfter() time.Duration
	}
	if errors.As(err, &late) {
		return &eippool.LateError{RetryAfter: late.RetryAfter(), Err: err}
	}
	return err
}
