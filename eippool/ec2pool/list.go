package ec2pool

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/eippool"
)

// maxFilterValues is EC2's limit of values in one filter.
const maxFilterValues = 200

// List implements [eippool.Pool]. It is one call, since DescribeAddresses has
// no pages. Addresses that a service manages (for a load balancer, say) are not
// ours to associate and left out, whatever their tags. Within a batch the call is
// for all addresses of the account, so that Associate needs none for a while.
func (p *Pool) List(ctx context.Context) ([]eippool.Address, error) {
	if shared := p.looks(ctx); shared != nil {
		return p.listAndLook(ctx, shared)
	}
	var filters []types.Filter
	for name, values := range p.options.Tags.Request() {
		filters = append(filters, types.Filter{Name: &name, Values: values})
	}
	if group := p.options.NetworkBorderGroup; group != "" {
		filters = append(filters, filter("network-border-group", group))
	}
	found, err := p.describe(ctx, filters...)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(a types.Address) bool { return !p.has(a) })
	return addresses(found)
}

// listAndLook lists all addresses of the account, so that the answer serves as a
// look, too.
func (p *Pool) listAndLook(ctx context.Context, shared *looks) ([]eippool.Address, error) {
	began := time.Now()
	found, err := p.describe(ctx)
	if err != nil {
		return nil, err
	}
	shared.set(newLook(began, found))
	return addresses(slices.DeleteFunc(found, func(a types.Address) bool { return !p.has(a) }))
}

// has reports whether the address belongs to the pool.
func (p *Pool) has(a types.Address) bool {
	group := p.options.NetworkBorderGroup
	return a.ServiceManaged == "" &&
		a.Domain == types.DomainTypeVpc &&
		(group == "" || group == aws.ToString(a.NetworkBorderGroup)) &&
		p.options.Tags.Matches(tagMap(a.Tags))
}

// Lookup implements [eippool.Pool], with one call for each 200 IDs. It asks by
// filter: the parameter AllocationIds makes the whole call fail if one ID does
// not exist.
func (p *Pool) Lookup(ctx context.Context, allocationIDs ...string) ([]eippool.Address, error) {
	ids := slices.DeleteFunc(slices.Clone(allocationIDs), func(id string) bool { return id == "" })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var all []types.Address
	for chunk := range slices.Chunk(ids, maxFilterValues) {
		found, err := p.describe(ctx, filter("allocation-id", chunk...))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return addresses(all)
}

func (p *Pool) describe(ctx context.Context, filters ...types.Filter) ([]types.Address, error) {
	out, err := p.client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: filters})
	if err != nil {
		return nil, wrap(ctx, "describe addresses", err)
	}
	return out.Addresses, nil
}

func addresses(found []types.Address) ([]eippool.Address, error) {
	converted := make([]eippool.Address, len(found))
	for i, a := range found {
		// In a Wavelength Zone the address is the carrier's.
		ip, err := netip.ParseAddr(cmp.Or(aws.ToString(a.PublicIp), aws.ToString(a.CarrierIp)))
		if err != nil {
			return nil, fmt.Errorf("address %s: %w", aws.ToString(a.AllocationId), err)
		}
		converted[i] = eippool.Address{
			AllocationID:       aws.ToString(a.AllocationId),
			IP:                 ip,
			AssociationID:      aws.ToString(a.AssociationId),
			NetworkInterfaceID: aws.ToString(a.NetworkInterfaceId),
			InstanceID:         aws.ToString(a.InstanceId),
			NetworkBorderGroup: aws.ToString(a.NetworkBorderGroup),
			Tags:               tagMap(a.Tags),
		}
	}
	return converted, nil
}

func tagMap(tags []types.Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
