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
	for _, change := range changes {
		if err := z.compare(change); err != nil {
			return "", err
		}
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

func (z *Zone) compare(change dnspolicy.Change) error {
	actual, exists := z.sets[change.Key()]
	switch {
	case !exists && change.Before == nil:
		return nil
	case exists && change.Before != nil && actual.Equal(*change.Before):
		return nil
	}
	conflict := &dnspolicy.ConflictError{Change: cloneChange(change)}
	if exists {
		conflict.Actual = clone(&actual)
	}
	return conflict
}

// put changes the database and sends the change on its way to the servers.
func (z *Zone) put(key dnspolicy.RRKey, after *dnspolicy.RRSet) {
	after = clone(after)
	store(z.sets, key, after)
	z.underway = append(z.underway, edit{time.Now().Add(z.options.SyncDelay), key, after})
	z.arrive()
}

// arrive makes the servers answer what has reached them by now. Every change
// travels equally long, so the earliest ones are in front.
func (z *Zone) arrive() {
	now := time.Now()
	for len(z.underway) > 0 && !now.Before(z.underway[0].arrives) {
		store(z.served, z.underway[0].key, z.underway[0].after)
		z.underway = z.underway[1:]
	}
}

func store(sets map[dnspolicy.RRKey]dnspolicy.RRSet, key dnspolicy.RRKey, after *dnspolicy.RRSet) {
	if after == nil {
		delete(sets, key)
		return
	}
	sets[key] = *after
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
