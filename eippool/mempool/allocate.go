package mempool

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/eipbinder/eipbinder/eippool"
)

// Allocate buys an address from 198.18.0.0/15 that carries the pool's tags.
func (p *Pool) Allocate(ctx context.Context) (eippool.Address, error) {
	if err := ctx.Err(); err != nil {
		return eippool.Address{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit := p.options.Limit; limit > 0 && len(p.addresses) >= limit {
		return eippool.Address{}, fmt.Errorf("%w: the account has %d addresses", eippool.ErrLimit, len(p.addresses))
	}
	a := eippool.Address{AllocationID: newID("eipalloc-"), IP: p.nextIP(), Tags: maps.Clone(p.options.Tags)}
	p.addresses[a.AllocationID] = &address{Address: a}
	return clone(a), nil
}

// Release gives the address back, whether it belongs to the pool or not.
func (p *Pool) Release(ctx context.Context, allocationID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.addresses[allocationID]
	switch {
	case !ok:
		return nil
	case a.Associated():
		return fmt.Errorf("%w: %s by %s", eippool.ErrInUse, allocationID, a.NetworkInterfaceID)
	case a.reverseName != "":
		return fmt.Errorf("%w: %s has %q", eippool.ErrLocked, allocationID, a.reverseName)
	}
	delete(p.addresses, allocationID)
	return nil
}

// SetReverseName makes name the address's reverse name. It knows no DNS and so
// does not look for the forward record.
func (p *Pool) SetReverseName(ctx context.Context, allocationID, name string) error {
	if len(name) < 2 || !strings.HasSuffix(name, ".") {
		return fmt.Errorf("%w: reverse name %q is not absolute", eippool.ErrInvalid, name)
	}
	return p.setReverseName(ctx, allocationID, name)
}

// ClearReverseName removes the address's reverse name.
func (p *Pool) ClearReverseName(ctx context.Context, allocationID string) error {
	return p.setReverseName(ctx, allocationID, "")
}

func (p *Pool) setReverseName(ctx context.Context, allocationID, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a, err := p.find(allocationID)
	if err != nil {
		return err
	}
	a.reverseName = name
	return nil
}
