package ec2pool

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// SetReverseName implements [eippool.ReverseNamer]. EC2 accepts the name and
// publishes it some time later; until it is cleared again the address cannot be
// released.
func (p *Pool) SetReverseName(ctx context.Context, allocationID, name string) error {
	name = strings.TrimSuffix(name, ".")
	_, err := p.client.ModifyAddressAttribute(ctx, &ec2.ModifyAddressAttributeInput{
		AllocationId: &allocationID,
		DomainName:   &name,
	})
	if err != nil {
		return wrap(ctx, "set reverse name "+name+" of "+allocationID, err)
	}
	return nil
}

// ClearReverseName implements [eippool.ReverseNamer]. EC2 removes the name some
// time later; until then Release may still be ErrLocked.
func (p *Pool) ClearReverseName(ctx context.Context, allocationID string) error {
	_, err := p.client.ResetAddressAttribute(ctx, &ec2.ResetAddressAttributeInput{
		AllocationId: &allocationID,
		Attribute:    types.AddressAttributeNameDomainName,
	})
	if err != nil {
		return wrap(ctx, "clear reverse name of "+allocationID, err)
	}
	return nil
}
