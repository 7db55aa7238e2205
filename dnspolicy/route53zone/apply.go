package route53zone

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Apply implements [dnspolicy.Zone]. Its changes share a ChangeResourceRecordSets
// request with those of other callers (see "Batches"), and the Propagation is the
// request's. A replacement is a DELETE, which must match exactly, and a CREATE, which
// must find nothing: in one request they are a compare-and-set. A record set of the
// same name that excludes the one to be created (see "What is mapped to what") is a
// conflict, too, and its Actual.
//
// If ctx ends before the request is sent, nothing is changed. After that the request
// goes on for the other callers, and the client's retryer may repeat it, for at most
// 10 seconds: only then can no new attempt to make the changes follow.
//
// The client's retryer repeats a request whose reply was lost. Apply then meets
// its own effect: a conflict whose Actual is the change's After.
func (z *Zone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	if len(changes) == 0 {
		return "", nil
	}
	if err := check(changes, z.batcher.limit); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return z.batcher.do(ctx, changes)
}

// clone copies the changes: a request may outlive its caller.
func clone(changes []dnspolicy.Change) []dnspolicy.Change {
	changes = slices.Clone(changes)
	for i, c := range changes {
		for _, set := range []**dnspolicy.RRSet{&c.Before, &c.After} {
			if *set != nil {
				copied := (*set).Clone()
				*set = &copied
			}
		}
		changes[i] = c
	}
	return changes
}

// check returns ErrInvalid or ErrTooLarge for what can be told without a call.
func check(changes []dnspolicy.Change, limit size) error {
	keys := map[dnspolicy.RRKey]bool{}
	for _, c := range changes {
		key := c.Key()
		if keys[key] {
			return fmt.Errorf("%w: two changes of %s %s", dnspolicy.ErrInvalid, key.Name, key.Type)
		}
		keys[key] = true
		if c.Before == nil && c.After == nil {
			return fmt.Errorf("%w: a change with neither before nor after", dnspolicy.ErrInvalid)
		}
		for _, set := range []*dnspolicy.RRSet{c.Before, c.After} {
			if set == nil {
				continue
			}
			if err := checkSet(*set, key); err != nil {
				return err
			}
		}
	}
	if s := sizeOf(changes); !s.within(limit) {
		return fmt.Errorf("%w: %d values with %d characters in %d creations and deletions; one request takes %d with %d in %d",
			dnspolicy.ErrTooLarge, s.values, s.characters, s.tokens, limit.values, limit.characters, limit.tokens)
	}
	return nil
}

// checkSet returns ErrInvalid if the set is not one that Route 53 could hold
// under the key, as far as the types of this package go.
func checkSet(set dnspolicy.RRSet, key dnspolicy.RRKey) error {
	wrong := ""
	switch {
	case set.RRKey != key:
		wrong = "before and after have different keys"
	case !strings.HasSuffix(set.Name, ".") || set.Name != strings.ToLower(set.Name):
		wrong = "the name is not absolute and lower case"
	case set.Type == "":
		wrong = "it has no type"
	case set.TTL < 0 || set.TTL > math.MaxInt32*time.Second || set.TTL%time.Second != 0:
		wrong = fmt.Sprintf("the TTL %s is not in whole seconds from 0 to %d", set.TTL, math.MaxInt32)
	default:
		wrong = checkValues(set)
	}
	if wrong != "" {
		return fmt.Errorf("%w: record set %s %s: %s", dnspolicy.ErrInvalid, set.Name, set.Type, wrong)
	}
	return nil
}

// checkValues spares a request, and those that would share it, what is sure to be
// refused.
func checkValues(set dnspolicy.RRSet) (wrong string) {
	if len(set.Values) == 0 {
		return "it has no values"
	}
	values := map[string]bool{}
	for _, value := range set.Values {
		if values[value] {
			return fmt.Sprintf("it has the value %q twice", value)
		}
		values[value] = true
		if ip, err := netip.ParseAddr(value); set.Type == "A" && (err != nil || !ip.Is4()) {
			return fmt.Sprintf("%q is no IPv4 address", value)
		}
	}
	return ""
}
