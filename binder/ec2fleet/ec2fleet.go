// Package ec2fleet implements [binder.Fleet] on Amazon EC2: the fleet is the
// account's instances, in one Region, and those with the given tags are eligible.
//
//	workers, err := ec2tag.Parse("karpenter.sh/nodepool|karpenter.sh/provisioner-name=media")
//	if err != nil {
//		return err
//	}
//	fleet, err := ec2fleet.New(ec2.NewFromConfig(cfg), func(o *ec2fleet.Options) {
//		o.Tags = workers
//	})
//	if err != nil {
//		return err
//	}
//	instances, err := fleet.Describe(ctx, "i-0abc")
//
// A Fleet has no state but its configuration, and is safe for concurrent use.
// Throttled calls are repeated by the client's retryer and by nothing here.
//
// Choose tags that an instance has from its launch on. Karpenter sets
// "karpenter.sh/nodepool" and the node class's own tags at launch, but "Name" and
// "karpenter.sh/nodeclaim" only later.
package ec2fleet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/ec2tag"
)

const (
	// maxFilterValues is EC2's limit of values in one filter.
	maxFilterValues = 200
	// pageSize is the largest that EC2 allows. With a page size the call counts
	// among the paginated ones, which may be made twice as often as those without.
	pageSize = 1000
)

// Client is what a Fleet calls; *ec2.Client has it.
type Client interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
}

// Options configure a Fleet.
type Options struct {
	// Tags say which instances are eligible. Required: without them every
	// instance of the account would be.
	Tags ec2tag.Selector
	// NetworkBorderGroup returns the network border group of an availability
	// zone, empty if not known. Nil: the zone's name without its last letter,
	// which is right for Regions ("eu-central-1a"), Local Zones
	// ("us-west-2-lax-1a") and Wavelength Zones ("us-east-1-wl1-bos-wlz-1", which
	// has none), and costs no call.
	NetworkBorderGroup func(availabilityZone string) string
}

// Fleet implements [binder.Fleet]. Make one with New.
type Fleet struct {
	client  Client
	options Options
}

var (
	_ binder.Fleet = (*Fleet)(nil)
	_ Client       = (*ec2.Client)(nil)
)

// New returns the fleet that the options describe. It makes no call.
func New(client Client, optFns ...func(*Options)) (*Fleet, error) {
	o := Options{NetworkBorderGroup: withoutLetter}
	for _, fn := range optFns {
		fn(&o)
	}
	if client == nil {
		return nil, errors.New("ec2fleet: client is nil")
	}
	if err := o.Tags.Validate(); err != nil {
		return nil, fmt.Errorf("ec2fleet: Tags: %w", err)
	}
	if o.NetworkBorderGroup == nil {
		o.NetworkBorderGroup = withoutLetter
	}
	o.Tags = o.Tags.Clone()
	return &Fleet{client: client, options: o}, nil
}

func withoutLetter(zone string) string {
	return strings.TrimRight(zone, "abcdefghijklmnopqrstuvwxyz")
}

// Describe implements [binder.Fleet], with one call for each 200 IDs and for
// each further page. It asks by filter: the parameter InstanceIds makes the whole
// call fail if one ID is unknown or malformed, and excludes a page size.
func (f *Fleet) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" })
	slices.Sort(ids)
	var found []binder.Instance
	for chunk := range slices.Chunk(slices.Compact(ids), maxFilterValues) {
		for instance, err := range f.instances(ctx, instanceIDs(chunk)) {
			if err != nil {
				return nil, err
			}
			found = append(found, instance)
		}
	}
	return found, nil
}

func instanceIDs(ids []string) types.Filter {
	escaped := make([]string, len(ids))
	for i, id := range ids {
		escaped[i] = ec2tag.Escape(id)
	}
	return types.Filter{Name: aws.String("instance-id"), Values: escaped}
}

// List implements [binder.Fleet].
func (f *Fleet) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	var filters []types.Filter
	for name, values := range f.options.Tags.Request() {
		filters = append(filters, types.Filter{Name: &name, Values: values})
	}
	return func(yield func(binder.Instance, error) bool) {
		for instance, err := range f.instances(ctx, filters...) {
			if (err != nil || instance.Eligible) && !yield(instance, err) {
				return
			}
		}
	}
}

// instances yields the instances that pass the filters, each once, over all
// pages; an error ends it.
func (f *Fleet) instances(ctx context.Context, filters ...types.Filter) iter.Seq2[binder.Instance, error] {
	return func(yield func(binder.Instance, error) bool) {
		seen := map[string]bool{} // instances come and go between the pages
		pages := ec2.NewDescribeInstancesPaginator(f.client, &ec2.DescribeInstancesInput{
			Filters:    filters,
			MaxResults: aws.Int32(pageSize),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(binder.Instance{}, wrap(ctx, err))
				return
			}
			for _, reservation := range page.Reservations {
				for _, i := range reservation.Instances {
					instance := f.instance(i)
					if seen[instance.ID] {
						continue
					}
					seen[instance.ID] = true
					if !yield(instance, nil) {
						return
					}
				}
			}
		}
	}
}
