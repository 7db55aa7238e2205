package ec2pool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/eippool"
)

// Allocate implements [eippool.Allocator]. The tags go into the call itself, so
// that an address whose reply is lost still belongs to the pool. The client's
// retryer may repeat a call whose reply was lost, and then buy a second address;
// List shows both.
func (p *Pool) Allocate(ctx context.Context) (eippool.Address, error) {
	tags := p.boughtTags()
	out, err := p.client.AllocateAddress(ctx, &ec2.AllocateAddressInput{
		Domain:             types.DomainTypeVpc,
		NetworkBorderGroup: optional(p.options.NetworkBorderGroup),
		PublicIpv4Pool:     optional(p.options.PublicIPv4Pool),
		IpamPoolId:         optional(p.options.IPAMPoolID),
		TagSpecifications:  []types.TagSpecification{{ResourceType: types.ResourceTypeElasticIp, Tags: tags}},
	})
	if err != nil {
		return eippool.Address{}, wrap(ctx, "allocate an address", err)
	}
	bought, err := addresses([]types.Address{{
		AllocationId:       out.AllocationId,
		PublicIp:           out.PublicIp,
		CarrierIp:          out.CarrierIp,
		NetworkBorderGroup: out.NetworkBorderGroup,
		Tags:               tags,
	}})
	if err != nil {
		return eippool.Address{}, err
	}
	return bought[0], nil
}

func (p *Pool) boughtTags() []types.Tag {
	var tags []types.Tag
	for _, key := range slices.Sorted(maps.Keys(p.bought)) {
		tags = append(tags, types.Tag{Key: &key, Value: aws.String(p.bought[key])})
	}
	return tags
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Release implements [eippool.Allocator], with one Describe call before the
// release: in a default VPC, ReleaseAddress disassociates the address instead
// of refusing ("ReleaseAddress" in the EC2 API reference). Nothing but the
// caller's own order protects an address that is associated between the two calls.
func (p *Pool) Release(ctx context.Context, allocationID string) error {
	found, err := p.Lookup(ctx, allocationID)
	if err != nil || len(found) == 0 {
		return err
	}
	if a := found[0]; a.Associated() {
		return fmt.Errorf("release %s: %w by %s of %s", allocationID, eippool.ErrInUse, a.NetworkInterfaceID, a.InstanceID)
	}
	_, err = p.client.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{
		AllocationId:       &allocationID,
		NetworkBorderGroup: optional(found[0].NetworkBorderGroup),
	})
	if err == nil {
		return nil
	}
	if err = wrap(ctx, "release "+allocationID, err); errors.Is(err, eippool.ErrNotFound) {
		return nil
	}
	return err
}
