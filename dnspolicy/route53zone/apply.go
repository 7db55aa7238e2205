package route53zone

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Route 53's limits of one request ("Quotas" in its developer guide). Only an
// UPSERT counts twice, and none is used here.
const (
	maxValues     = 1000
	maxCharacters = 32000
)

// Apply implements [dnspolicy.Zone] in one ChangeResourceRecordSets call. A
// replacement is a DELETE, which must match exactly, and a CREATE, which must
// find nothing: in one request they are a compare-and-set.
//
// Route 53 says in prose only why it refuses a request. What the zone holds under
// the changes' names then tells a conflict, at the price of one more call for each
// change up to the first conflict. A record set of the same name that excludes the
// one to be created (see "What is mapped to what") is a conflict, too, and its Actual.
//
// The client's retryer repeats a request whose reply was lost. Apply then meets
// its own effect: a conflict whose Actual is the change's After.
func (z *Zone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	if len(changes) == 0 {
		return "", nil
	}
	if err := check(changes); err != nil {
		return "", err
	}
	propagation, err := z.submit(ctx, changes)
	if !refused(err) {
		return propagation, err
	}
	if conflict := z.findConflict(ctx, changes); conflict != nil {
		return "", fmt.Errorf("%w: %w", conflict, err)
	}
	// The zone holds what it should. Either the request is wrong in itself, and
	// will be refused again, or what stood in its way has just gone.
	propagation, err = z.submit(ctx, changes)
	if refused(err) {
		return "", fmt.Errorf("%w: %w", dnspolicy.ErrInvalid, err)
	}
	return propagation, err
}

func refused(err error) bool {
	var batch *types.InvalidChangeBatch
	return errors.As(err, &batch)
}

// submit makes the changes while no other change to the zone is on its way.
func (z *Zone) submit(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	select {
	case z.changing <- struct{}{}:
		defer func() { <-z.changing }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	out, err := z.client.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &z.id,
		ChangeBatch:  &types.ChangeBatch{Changes: batch(changes)},
	})
	if err != nil {
		return "", wrap(ctx, "change hosted zone "+z.id, err)
	}
	return dnspolicy.Propagation(strings.TrimPrefix(aws.ToString(out.ChangeInfo.Id), "/change/")), nil
}

// batch puts the deletions first: what goes is not in the way of what comes.
func batch(changes []dnspolicy.Change) []types.Change {
	var b []types.Change
	for _, c := range changes {
		if c.Before != nil {
			b = append(b, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: resourceRecordSet(*c.Before)})
		}
	}
	for _, c := range changes {
		if c.After != nil {
			b = append(b, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: resourceRecordSet(*c.After)})
		}
	}
	return b
}

// check returns ErrInvalid or ErrTooLarge for what can be told without a call.
func check(changes []dnspolicy.Change) error {
	keys := map[dnspolicy.RRKey]bool{}
	values, characters := 0, 0
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
			values += len(set.Values)
			for _, value := range set.Values {
				characters += utf8.RuneCountInString(value)
			}
		}
	}
	if values > maxValues || characters > maxCharacters {
		return fmt.Errorf("%w: %d values with %d characters; Route 53 takes %d with %d",
			dnspolicy.ErrTooLarge, values, characters, maxValues, maxCharacters)
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
	case len(set.Values) == 0:
		wrong = "it has no values"
	case set.TTL < 0 || set.TTL > math.MaxInt32*time.Second || set.TTL%time.Second != 0:
		wrong = fmt.Sprintf("the TTL %s is not in whole seconds from 0 to %d", set.TTL, math.MaxInt32)
	}
	if wrong != "" {
		return fmt.Errorf("%w: record set %s %s: %s", dnspolicy.ErrInvalid, set.Name, set.Type, wrong)
	}
	return nil
}
