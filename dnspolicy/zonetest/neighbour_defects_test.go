package zonetest

import (
	"context"
	"fmt"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// onNeighbour lets the defect answer in place of the conflict of a single
// change with a neighbour that is one of those.
func (b *broken) onNeighbour(those func(created, there dnspolicy.RRKey) bool, answer func(*dnspolicy.ConflictError) (dnspolicy.Propagation, error)) {
	b.onConflict(func(_ context.Context, conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error, bool) {
		if conflict.Actual == nil || !isNeighbour(conflict.Change, conflict.Actual) || !those(conflict.Change.Key(), conflict.Actual.RRKey) {
			return "", nil, false
		}
		p, err := answer(conflict)
		return p, err, true
	})
}

func isNeighbour(c dnspolicy.Change, actual *dnspolicy.RRSet) bool {
	return actual != nil && actual.RRKey != c.Key()
}

// replaceNeighbour makes way for the set to be created, as a careless UPSERT
// would.
func (b *broken) replaceNeighbour(conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error) {
	b.Remove(conflict.Actual.RRKey)
	return b.write(context.Background(), *conflict.Change.After)
}

func neighbourDefects() []defect {
	always := func(_, _ dnspolicy.RRKey) bool { return true }
	beside := []string{"create-beside-cname", "create-cname-beside", "create-plain-beside-identifier", "create-identifier-beside-plain"}
	return []defect{
		{"neighbours are ignored", beside, func(b *broken) { b.onNeighbour(always, b.replaceNeighbour) }},
		{"a conflict with a neighbour does not say which", beside, func(b *broken) {
			b.onNeighbour(always, func(conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error) {
				return "", fmt.Errorf("%w: %v", dnspolicy.ErrConflict, conflict.Actual)
			})
		}},
		{"a CNAME gives way", []string{"create-beside-cname"}, func(b *broken) {
			b.onNeighbour(func(_, there dnspolicy.RRKey) bool { return there.Type == "CNAME" }, b.replaceNeighbour)
		}},
		{"a CNAME displaces", []string{"create-cname-beside"}, func(b *broken) {
			b.onNeighbour(func(created, _ dnspolicy.RRKey) bool { return created.Type == "CNAME" }, b.replaceNeighbour)
		}},
		{"a set without identifier displaces those with one", []string{"create-plain-beside-identifier"}, func(b *broken) {
			b.onNeighbour(func(_, there dnspolicy.RRKey) bool { return there.SetIdentifier != "" }, b.replaceNeighbour)
		}},
		{"a conflict of set identifiers has nothing as Actual", []string{"create-identifier-beside-plain"}, func(b *broken) {
			b.onNeighbour(func(created, _ dnspolicy.RRKey) bool { return created.SetIdentifier != "" }, func(conflict *dnspolicy.ConflictError) (dnspolicy.Propagation, error) {
				return "", &dnspolicy.ConflictError{Change: conflict.Change}
			})
		}},
		{"creations come before deletions", []string{"apply-in-place-of-neighbour"}, func(b *broken) {
			b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
				for _, c := range changes {
					there := b.current(dnspolicy.RRKey{Name: c.Key().Name, Type: "CNAME"})
					if isCreate(c) && isNeighbour(c, there) {
						return "", &dnspolicy.ConflictError{Change: c, Actual: there}
					}
				}
				return b.Zone.Apply(ctx, changes)
			}
		}},
	}
}
