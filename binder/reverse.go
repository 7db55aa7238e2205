package binder

import (
	"context"
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

// reverseName is the reverse name to go with a name.
func (b *Binder) reverseName(name string) string {
	if !b.opts.ReverseNames {
		return ""
	}
	return name
}

// reverse sets the address's reverse name. EC2 wants to find the A record
// before, and may need a while to.
func (r *run) reverse(ctx context.Context) (decision, error) {
	namer, ok := r.b.pool.(eippool.ReverseNamer)
	if !ok { // it could when the name was recorded
		r.v.reversed = true
		return decision{}, nil
	}
	err := namer.SetReverseName(ctx, r.v.record.AllocationID, r.v.record.ReverseName)
	if errors.Is(err, eippool.ErrInvalid) {
		return wait(NotReady, notReadyRetry, err.Error()), nil
	}
	if err != nil {
		r.noteLost(time.Now())
	}
	r.v.reversed = err == nil
	return decision{}, err
}

// unreverse clears it, so that nobody else's address has this name, and the
// address can be given back. One that is not in the account has none.
func (r *run) unreverse(ctx context.Context) (decision, error) {
	err := r.b.clearReverse(ctx, r.v.record.AllocationID)
	if err == nil {
		r.v.record.ReverseName, r.v.unsaved = "", true
	}
	return decision{}, err
}

func (b *Binder) clearReverse(ctx context.Context, allocationID string) error {
	namer, ok := b.pool.(eippool.ReverseNamer)
	if !ok {
		return nil
	}
	err := namer.ClearReverseName(ctx, allocationID)
	if errors.Is(err, eippool.ErrNotFound) {
		return nil
	}
	return err
}
