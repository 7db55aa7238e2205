package ec2pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/eippool"
)

// Associate implements [eippool.Pool], with one Describe call, or one for many of
// a batch (see the package comment), and, unless that has the answer, one
// AssociateAddress.
//
// AllowReassociation=false makes EC2 refuse an address that another target
// holds. It is not documented to protect an address that the target holds, so
// the interface is described first, and one Pool works on an interface once at
// a time. What EC2 cannot give is the same across processes, or while its Describe lags
// behind: there an address that the interface has just got may be displaced.
// Who shares targets agrees beforehand, as binders do in their store.
//
// The target is named by its interface, because by instance EC2 refuses once
// the instance has a second interface. An interface goes with its instance, and
// EC2's answers do not tell "no more" from "not yet": the error is
// [eippool.ErrTargetNotReady], and never [eippool.ErrTargetGone].
func (p *Pool) Associate(ctx context.Context, allocationID string, target eippool.Target) (string, error) {
	if allocationID == "" || target.NetworkInterfaceID == "" {
		return "", fmt.Errorf("%w: associate %q with interface %q of instance %q: both IDs are required",
			eippool.ErrInvalid, allocationID, target.NetworkInterfaceID, target.InstanceID)
	}
	if err := p.targets.enter(ctx, target.NetworkInterfaceID); err != nil {
		return "", err
	}
	defer p.targets.leave(target.NetworkInterfaceID)
	held, err := p.heldBy(ctx, target.NetworkInterfaceID)
	if err != nil {
		return "", err
	}
	if len(held) > 0 {
		return existing(held, allocationID, target)
	}
	return p.associate(ctx, allocationID, target)
}

func (p *Pool) associate(ctx context.Context, allocationID string, target eippool.Target) (string, error) {
	out, err := p.client.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId:       &allocationID,
		NetworkInterfaceId: &target.NetworkInterfaceID,
		AllowReassociation: aws.Bool(false),
	})
	var refused smithy.APIError
	if err == nil || !errors.As(err, &refused) { // it may land even if the reply gets lost
		p.made.add(target.NetworkInterfaceID)
	}
	if err != nil {
		return "", wrap(ctx, fmt.Sprintf("associate %s with %s of %s", allocationID, target.NetworkInterfaceID, target.InstanceID), err)
	}
	return aws.ToString(out.AssociationId), nil
}

// existing returns the association of the address among those that the target
// has, at least one, or ErrOccupied.
func existing(held []types.Address, allocationID string, target eippool.Target) (string, error) {
	for _, a := range held {
		if aws.ToString(a.AllocationId) == allocationID {
			return aws.ToString(a.AssociationId), nil
		}
	}
	return "", fmt.Errorf("associate %s: %w: %s of %s holds %s (%s)", allocationID, eippool.ErrOccupied,
		target.NetworkInterfaceID, target.InstanceID, aws.ToString(held[0].AllocationId), aws.ToString(held[0].PublicIp))
}

// Disassociate implements [eippool.Pool].
func (p *Pool) Disassociate(ctx context.Context, associationID string) error {
	if associationID == "" {
		return fmt.Errorf("%w: disassociate: no association ID", eippool.ErrInvalid)
	}
	_, err := p.client.DisassociateAddress(ctx, &ec2.DisassociateAddressInput{AssociationId: &associationID})
	if err == nil {
		return nil
	}
	if err = wrap(ctx, "disassociate "+associationID, err); errors.Is(err, eippool.ErrNotFound) {
		return nil
	}
	return err
}
