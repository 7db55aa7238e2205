package route53zone

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone/internal/escape"
)

// pageSize is the largest that Route 53 allows.
const pageSize = 300

// Lookup implements [dnspolicy.Zone]. Route 53 shows accepted changes at once,
// those on their way to the servers included ("ListResourceRecordSets" in the
// Route 53 API reference).
func (z *Zone) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	input := &route53.ListResourceRecordSetsInput{
		HostedZoneId:    &z.id,
		StartRecordName: aws.String(escape.Encode(key.Name)),
		StartRecordType: types.RRType(key.Type),
		MaxItems:        aws.Int32(1),
	}
	if key.SetIdentifier != "" {
		input.StartRecordIdentifier = &key.SetIdentifier
	}
	out, err := z.client.ListResourceRecordSets(ctx, input)
	if err != nil {
		return dnspolicy.RRSet{}, wrap(ctx, fmt.Sprintf("look up %s %s", key.Name, key.Type), err)
	}
	// The answer begins at the key or, if there is no such set, behind it.
	if len(out.ResourceRecordSets) > 0 {
		if set := rrSet(out.ResourceRecordSets[0]); set.RRKey == key {
			return set, nil
		}
	}
	return dnspolicy.RRSet{}, fmt.Errorf("look up: %w: %s %s", dnspolicy.ErrNotFound, key.Name, key.Type)
}

// List implements [dnspolicy.Zone]. Changes made meanwhile may be seen or not.
func (z *Zone) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return func(yield func(dnspolicy.RRSet, error) bool) {
		for set, err := range z.from(ctx, nil) {
			if !yield(rrSet(set), err) {
				return
			}
		}
	}
}

// from yields the record sets from this name on, in Route 53's order; nil is
// the first name. An error ends it.
func (z *Zone) from(ctx context.Context, name *string) iter.Seq2[types.ResourceRecordSet, error] {
	return func(yield func(types.ResourceRecordSet, error) bool) {
		pages := route53.NewListResourceRecordSetsPaginator(z.client, &route53.ListResourceRecordSetsInput{
			HostedZoneId:    &z.id,
			StartRecordName: name,
			MaxItems:        aws.Int32(pageSize),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(types.ResourceRecordSet{}, wrap(ctx, "list hosted zone "+z.id, err))
				return
			}
			for _, set := range page.ResourceRecordSets {
				if !yield(set, nil) {
					return
				}
			}
		}
	}
}
