package route53zone

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// findConflict looks up why Route 53 refused the changes. It returns nil if the
// zone holds what all of them expect and nothing that excludes what they create.
func (z *Zone) findConflict(ctx context.Context, changes []dnspolicy.Change) error {
	removed := map[dnspolicy.RRKey]bool{}
	for _, c := range changes {
		removed[c.Key()] = c.After == nil
	}
	for _, c := range changes {
		neighbours, err := z.named(ctx, c.Key().Name)
		if err != nil {
			return fmt.Errorf("what stands in the way is not known: %w", err)
		}
		if actual := find(neighbours, c.Key()); !same(actual, c.Before) {
			return &dnspolicy.ConflictError{Change: c, Actual: actual}
		}
		for _, neighbour := range neighbours {
			set := rrSet(neighbour)
			if c.Before == nil && !removed[set.RRKey] && excludes(neighbour, c.Key()) {
				return &dnspolicy.ConflictError{Change: c, Actual: &set}
			}
		}
	}
	return nil
}

// named returns all record sets of this name.
func (z *Zone) named(ctx context.Context, name string) ([]types.ResourceRecordSet, error) {
	var sets []types.ResourceRecordSet
	for set, err := range z.from(ctx, aws.String(encode(name))) {
		if err != nil {
			return nil, err
		}
		if decode(aws.ToString(set.Name)) != name {
			break
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func find(sets []types.ResourceRecordSet, key dnspolicy.RRKey) *dnspolicy.RRSet {
	for _, shown := range sets {
		if set := rrSet(shown); set.RRKey == key {
			return &set
		}
	}
	return nil
}

func same(actual, expected *dnspolicy.RRSet) bool {
	if actual == nil || expected == nil {
		return actual == expected
	}
	return actual.Equal(*expected)
}

// excludes reports whether a record set of the same name keeps the key from
// being created: a CNAME is alone (RFC 1034, section 3.6.2), and all record sets
// of one name and type must have one routing policy ("Choosing a routing policy"
// in Route 53's developer guide), which is none without a set identifier, and
// with one, here, multivalue answer.
func excludes(there types.ResourceRecordSet, key dnspolicy.RRKey) bool {
	const cname = types.RRTypeCname
	if there.Type != types.RRType(key.Type) {
		return there.Type == cname || key.Type == string(cname)
	}
	if aws.ToString(there.SetIdentifier) == "" || key.SetIdentifier == "" {
		return true
	}
	return !aws.ToBool(there.MultiValueAnswer)
}
