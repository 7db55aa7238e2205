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
	var excluded error
	for _, c := range changes {
		sets, err := z.named(ctx, c.Key().Name)
		if err != nil {
			return fmt.Errorf("what stands in the way is not known: %w", err)
		}
		if actual := sets[c.Key()]; !same(actual, c.Before) {
			return &dnspolicy.ConflictError{Change: c, Actual: actual}
		}
		for key := range sets {
			if c.Before == nil && !removed[key] && exclude(key, c.Key()) {
				excluded = fmt.Errorf("%w: %s %s cannot be created beside %s %q",
					dnspolicy.ErrConflict, c.Key().Name, c.Key().Type, key.Type, key.SetIdentifier)
			}
		}
	}
	return excluded
}

// named returns all record sets of this name.
func (z *Zone) named(ctx context.Context, name string) (map[dnspolicy.RRKey]*dnspolicy.RRSet, error) {
	sets := map[dnspolicy.RRKey]*dnspolicy.RRSet{}
	for set, err := range z.from(ctx, aws.String(encode(name))) {
		if err != nil {
			return nil, err
		}
		if set.Name != name {
			break
		}
		sets[set.RRKey] = &set
	}
	return sets, nil
}

func same(actual, expected *dnspolicy.RRSet) bool {
	if actual == nil || expected == nil {
		return actual == expected
	}
	return actual.Equal(*expected)
}

// exclude reports whether two record sets of one name cannot both be: a CNAME
// is alone (RFC 1034, section 3.6.2), and Route 53 allows a plain record set no
// others of its type.
func exclude(a, b dnspolicy.RRKey) bool {
	cname := string(types.RRTypeCname)
	if a.Type != b.Type {
		return a.Type == cname || b.Type == cname
	}
	return a != b && (a.SetIdentifier == "" || b.SetIdentifier == "")
}
