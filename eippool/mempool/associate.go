package mempool

import (
	"context"
	"fmt"

	"github.com/eipbinder/eipbinder/eippool"
)

// Associate makes the target's interface hold the address. It returns the ID
// of the association that exists if the interface holds the address already.
func (p *Pool) Associate(ctx context.Context, allocationID string, t eippool.Target) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a, err := p.find(allocationID)
	if err != nil {
		return "", err
	}
	if a.HeldBy(t) {
		return a.AssociationID, nil
	}
	if a.Associated() {
		return "", fmt.Errorf("%w: %s by %s", eippool.ErrInUse, allocationID, a.NetworkInterfaceID)
	}
	known, err := p.ready(t)
	if err != nil {
		return "", err
	}
	if !a.Fits(t) || !a.Fits(known) {
		return "", fmt.Errorf("%w: %s is of the network border group %q, %s is not",
			eippool.ErrInvalid, allocationID, a.NetworkBorderGroup, t.NetworkInterfaceID)
	}
	a.AssociationID = newID("eipassoc-")
	a.NetworkInterfaceID, a.InstanceID = known.NetworkInterfaceID, known.InstanceID
	p.hold(a)
	return a.AssociationID, nil
}

// ready returns the target as the account knows it, or why it cannot take an
// address.
func (p *Pool) ready(t eippool.Target) (eippool.Target, error) {
	eni := t.NetworkInterfaceID
	if eni == "" {
		return t, fmt.Errorf("%w: target of instance %q has no NetworkInterfaceID", eippool.ErrInvalid, t.InstanceID)
	}
	known, ok := p.targets[eni]
	switch {
	case !ok:
		return t, fmt.Errorf("%w: %s is not known", eippool.ErrTargetNotReady, eni)
	case known.state == Pending:
		return t, fmt.Errorf("%w: %s is %s", eippool.ErrTargetNotReady, eni, known.state)
	case known.state == ShuttingDown || known.state == Terminated:
		return t, fmt.Errorf("%w: %s is %s", eippool.ErrTargetGone, eni, known.state)
	}
	if held := p.held[eni]; len(held) > 0 {
		return t, fmt.Errorf("%w: %s holds %s", eippool.ErrOccupied, eni, held[0].AllocationID)
	}
	return known.Target, nil
}

// Disassociate ends the association, if it still exists.
func (p *Pool) Disassociate(ctx context.Context, associationID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if associationID == "" {
		return fmt.Errorf("%w: empty association ID", eippool.ErrInvalid)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.addresses {
		if a.AssociationID == associationID {
			p.letGo(a)
		}
	}
	return nil
}
