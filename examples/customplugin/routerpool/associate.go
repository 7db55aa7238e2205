package routerpool

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/eipbinder/eipbinder/eippool"
)

// Associate implements [eippool.Pool]. If the target holds the address, it
// returns the ID of that association.
func (p *Pool) Associate(ctx context.Context, allocationID string, t eippool.Target) (string, error) {
	if err := p.ready(ctx, t); err != nil {
		return "", err
	}
	associationID := "assoc-" + rand.Text()
	err := p.change(ctx, func(assigned assignments) error {
		a, err := p.address(allocationID, assigned)
		switch {
		case err != nil:
			return err
		case a.HeldBy(t):
			associationID = a.AssociationID
			return nil
		case a.Associated():
			return fmt.Errorf("%w: %s by %s", eippool.ErrInUse, allocationID, a.NetworkInterfaceID)
		case !a.Fits(t):
			return fmt.Errorf("%w: %s is of %s, not of %s", eippool.ErrInvalid, allocationID, a.NetworkBorderGroup, t.NetworkBorderGroup)
		}
		return assigned.add(allocationID, Assignment{associationID, t.NetworkInterfaceID, t.InstanceID})
	})
	if err != nil {
		return "", err
	}
	return associationID, nil
}

// address returns the one address, or ErrNotFound.
func (p *Pool) address(allocationID string, assigned assignments) (eippool.Address, error) {
	all, err := p.readAddresses(assigned)
	if err != nil {
		return eippool.Address{}, err
	}
	a, ok := all[allocationID]
	if !ok {
		return eippool.Address{}, fmt.Errorf("%w: %q", eippool.ErrNotFound, allocationID)
	}
	return a, nil
}

// add gives the address to an interface that has none.
func (a assignments) add(ip string, to Assignment) error {
	for other, held := range a {
		if held.NetworkInterfaceID == to.NetworkInterfaceID {
			return fmt.Errorf("%w: %s holds %s", eippool.ErrOccupied, to.NetworkInterfaceID, other)
		}
	}
	a[ip] = to
	return nil
}

// ready returns why the target cannot take an address, nil if it can.
func (p *Pool) ready(ctx context.Context, t eippool.Target) error {
	if t.NetworkInterfaceID == "" {
		return fmt.Errorf("%w: target of instance %q has no interface", eippool.ErrInvalid, t.InstanceID)
	}
	state, err := p.state(ctx, t.NetworkInterfaceID)
	switch {
	case err != nil:
		return err
	case state == "" || state == "pending":
		return fmt.Errorf("%w: %s is in the state %q", eippool.ErrTargetNotReady, t.NetworkInterfaceID, state)
	case state == "shutting-down" || state == "terminated":
		return fmt.Errorf("%w: %s is in the state %q", eippool.ErrTargetGone, t.NetworkInterfaceID, state)
	}
	return nil
}

// Disassociate implements [eippool.Pool].
func (p *Pool) Disassociate(ctx context.Context, associationID string) error {
	if associationID == "" {
		return fmt.Errorf("%w: empty association ID", eippool.ErrInvalid)
	}
	return p.change(ctx, func(assigned assignments) error {
		for ip, a := range assigned {
			if a.AssociationID == associationID {
				delete(assigned, ip)
			}
		}
		return nil
	})
}
