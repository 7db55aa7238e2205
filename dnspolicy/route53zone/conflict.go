package route53zone

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// answerConflicts answers the calls that are in conflict with what the zone
// holds under their names, and returns the others.
func answerConflicts(calls []*call, held map[string][]types.ResourceRecordSet, cause error) (fine []*call) {
	removed := map[dnspolicy.RRKey]bool{}
	for _, c := range changesOf(calls) {
		removed[c.Key()] = c.After == nil
	}
	for _, c := range calls {
		if conflict := findConflict(c.changes, held, removed); conflict != nil {
			c.outcome <- outcome{err: fmt.Errorf("%w: %w", conflict, cause)}
		} else {
			fine = append(fine, c)
		}
	}
	return fine
}

// findConflict returns nil if the zone holds what all of the changes expect and,
// but for what is removed, nothing that excludes what they create.
func findConflict(changes []dnspolicy.Change, held map[string][]types.ResourceRecordSet, removed map[dnspolicy.RRKey]bool) error {
	for _, c := range changes {
		neighbours := held[c.Key().Name]
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
