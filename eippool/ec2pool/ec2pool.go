// Package ec2pool implements [eippool.Pool] on Amazon EC2: the pool is what
// the account holds, in one Region, of Elastic IP addresses with the given tags.
//
//	media, err := ec2tag.Parse("Pool=media")
//	if err != nil {
//		return err
//	}
//	pool, err := ec2pool.New(ec2.NewFromConfig(cfg), func(o *ec2pool.Options) {
//		o.Tags = media
//	})
//	if err != nil {
//		return err
//	}
//	addresses, err := pool.List(ctx)
//
// A Pool is safe for concurrent use. It remembers which interfaces it is just
// working on, and which ones it has associated in the last minute. Calls are
// paced, and throttled ones repeated, by the client's retryer (package pacing has
// one) and by nothing here.
//
// # Looks that a batch shares
//
// Within one batch ([eippool.Batch], which the binder puts into its contexts) a
// look at all addresses of the account serves many calls of Associate: it spares
// them the question whether the interface is seen to hold an address already. That
// one is held is not believed, and asked again. That none is held is believed for
// 15 seconds at most, but for what this Pool has associated itself: within them a
// batch can miss what somebody else has just given the interface, as EC2's own
// answers can, which lag. An address that serves another interface EC2 refuses to
// associate. No look outlives its batch; without a batch there is none, and
// Associate asks about each interface. List and Lookup, by which addresses are
// chosen and taken back, always ask EC2.
//
// EC2 is eventually consistent: for seconds, rarely minutes, List and Lookup
// may show what was. See [Pool.Associate] for what that means there.
package ec2pool

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool"
)

// Client is what a Pool calls; *ec2.Client has it. It is one interface, though
// a wide one, because a Pool is always an Allocator and a ReverseNamer too.
type Client interface {
	DescribeAddresses(context.Context, *ec2.DescribeAddressesInput, ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error)
	AssociateAddress(context.Context, *ec2.AssociateAddressInput, ...func(*ec2.Options)) (*ec2.AssociateAddressOutput, error)
	DisassociateAddress(context.Context, *ec2.DisassociateAddressInput, ...func(*ec2.Options)) (*ec2.DisassociateAddressOutput, error)
	AllocateAddress(context.Context, *ec2.AllocateAddressInput, ...func(*ec2.Options)) (*ec2.AllocateAddressOutput, error)
	ReleaseAddress(context.Context, *ec2.ReleaseAddressInput, ...func(*ec2.Options)) (*ec2.ReleaseAddressOutput, error)
	ModifyAddressAttribute(context.Context, *ec2.ModifyAddressAttributeInput, ...func(*ec2.Options)) (*ec2.ModifyAddressAttributeOutput, error)
	ResetAddressAttribute(context.Context, *ec2.ResetAddressAttributeInput, ...func(*ec2.Options)) (*ec2.ResetAddressAttributeOutput, error)
}

// Options configure a Pool.
type Options struct {
	// Tags say which addresses belong to the pool. Required: without them the
	// pool would be every address of the account.
	Tags ec2tag.Selector
	// NetworkBorderGroup, such as "us-west-2-lax-1", restricts the pool to the
	// addresses of this group, and Allocate buys there. Empty: the pool has the
	// addresses of all groups, and Allocate buys in the Region's own.
	NetworkBorderGroup string
	// PublicIPv4Pool is the address pool (BYOIP) that Allocate takes from.
	// Empty: Amazon's.
	PublicIPv4Pool string
	// IPAMPoolID is the IPAM pool that Allocate takes from. Empty: none. At most
	// one of PublicIPv4Pool and IPAMPoolID may be set.
	IPAMPoolID string
	// AllocateTags are put on the addresses that Allocate buys, beside the
	// pool's own tags (the first key and the first value of each filter in Tags).
	AllocateTags map[string]string
	// Turns give the turns of Pace and PaceDisassociate; a *pacing.Pacer does, the
	// one whose retryer the client has. Nil: these do not wait.
	Turns Turns
}

// Turns hand out turns for API actions: see [Pool.Pace].
type Turns interface {
	// Turn waits until the action may be called, as eippool.Pacer has it. An error
	// that has a method RetryAfter() time.Duration says that the turn would come
	// too late.
	Turn(ctx context.Context, action string) (paced context.Context, done func(), err error)
}

// Pool implements [eippool.Pool], [eippool.Allocator], [eippool.ReverseNamer]
// and [eippool.DisassociationPacer]. Make one with New.
type Pool struct {
	client  Client
	options Options
	bought  map[string]string // the tags of addresses that Allocate buys
	targets *inFlight         // the interfaces that an Associate is at work on
	made    made
}

var (
	_ eippool.Pool                = (*Pool)(nil)
	_ eippool.Allocator           = (*Pool)(nil)
	_ eippool.ReverseNamer        = (*Pool)(nil)
	_ eippool.DisassociationPacer = (*Pool)(nil)
	_ Client                      = (*ec2.Client)(nil)
)

// New returns the pool that the options describe. It makes no call.
func New(client Client, optFns ...func(*Options)) (*Pool, error) {
	var o Options
	for _, fn := range optFns {
		fn(&o)
	}
	if client == nil {
		return nil, errors.New("ec2pool: client is nil")
	}
	if err := o.Tags.Validate(); err != nil {
		return nil, fmt.Errorf("ec2pool: Tags: %w", err)
	}
	if o.PublicIPv4Pool != "" && o.IPAMPoolID != "" {
		return nil, errors.New("ec2pool: PublicIPv4Pool and IPAMPoolID exclude each other")
	}
	o.Tags = o.Tags.Clone()
	bought := o.Tags.Tags()
	maps.Copy(bought, o.AllocateTags)
	if !o.Tags.Matches(bought) {
		return nil, fmt.Errorf("ec2pool: an address that Allocate tags %v would not match Tags", bought)
	}
	return &Pool{client: client, options: o, bought: bought, targets: newInFlight()}, nil
}

// filter is a filter of a Describe call by literal values.
func filter(name string, values ...string) types.Filter {
	escaped := make([]string, len(values))
	for i, value := range values {
		escaped[i] = ec2tag.Escape(value)
	}
	return types.Filter{Name: &name, Values: escaped}
}
