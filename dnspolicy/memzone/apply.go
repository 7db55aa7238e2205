package memzone

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Apply makes the changes, all or none.
func (z *Zone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if len(changes) == 0 {
		return "", nil
	}
	if err := checkChanges(z.name, changes); err != nil {
		return "", err
	}
	if n := countValues(changes); n > z.options.MaxValues {
		return "", fmt.Errorf("%w: %d values, at most %d", dnspolicy.ErrTooLarge, n, z.options.MaxValues)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if err := z.compare(changes); err != nil {
		return "", err
	}
	for _, change := range changes {
		z.put(change.Key(), change.After)
	}
	p := dnspolicy.Propagation(rand.Text())
	z.propagations[p] = time.Now().Add(z.options.SyncDelay)
	return p, nil
}

// countValues counts as Route 53 does: a replacement is a deletion and a
// creation, and publishing again an UPSERT, which counts twice.
func countValues(changes []dnspolicy.Change) int {
	n := 0
	for _, c := range changes {
		for _, set := range []*dnspolicy.RRSet{c.Before, c.After} {
			if set != nil {
				n += len(set.Values)
			}
		}
	}
	return n
}

// compare returns a *ConflictError if the zone does not hold what a change
// expects, or holds what excludes a set that is to be created, and stays.
func (z *Zone) compare(changes []dnspolicy.Change) error {
	removed := map[dnspolicy.RRKey]bool{}
	for _, c := range changes {
		removed[c.Key()] = c.After == nil
	}
	for _, c := range changes {
		actual, exists := z.sets.get(c.Key())
		switch there := z.sets.excluding(c.Key(), removed); {
		case exists && (c.Before == nil || !actual.Equal(*c.Before)):
			return &dnspolicy.ConflictError{Change: cloneChange(c), Actual: clone(&actual)}
		case !exists && c.Before != nil:
			return &dnspolicy.ConflictError{Change: cloneChange(c)}
		case there != nil:
			return &dnspolicy.ConflictError{Change: cloneChange(c), Actual: clone(there)}
		}
	}
	return nil
}

// put changes the database and sends the change on its way to the servers.
func (z *Zone) put(key dnspolicy.RRKey, after *dnspolicy.RRSet) {
	after = clone(after)
	z.sets.put(key, after)
	z.underway = append(z.underway, edit{time.Now().Add(z.options.SyncDelay), key, after})
	z.arrive()
}

// arrive makes the servers answer what has reached them by now. Every change
// travels equally long, so the earliest ones are in front.
func (z *Zone) arrive() {
	now := time.Now()
	for len(z.underway) > 0 && !now.Before(z.underway[0].arrives) {
		z.served.put(z.underway[0].key, z.underway[0].after)
		z.underway = z.underway[1:]
	}
}

// Wait returns nil once the changes have arrived.
func (z *Zone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p == "" {
		return nil
	}
	z.mu.Lock()
	arrives, ok := z.propagations[p]
	z.mu.Unlock()
	if !ok {
		return fmt.Errorf("%w: propagation %q", dnspolicy.ErrNotFound, p)
	}
	timer := time.NewTimer(time.Until(arrives))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func clone(set *dnspolicy.RRSet) *dnspolicy.RRSet {
	if set == nil {
		return nil
	}
	c := set.Clone()
	return &c
}

func cloneChange(c dnspolicy.Change) dnspolicy.Change {
	return dnspolicy.Change{Before: clone(c.Before), After: clone(c.After)}
}
