package memzone

import "github.com/eipbinder/eipbinder/dnspolicy"

// Set makes the record set what the zone holds under its key, whatever was
// there, as somebody does who edits the zone by hand. A malformed one is
// ErrInvalid, one that cannot be beside the others of its name a *ConflictError.
func (z *Zone) Set(set dnspolicy.RRSet) error {
	if err := checkSet(z.name, set); err != nil {
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if there := z.sets.excluding(set.RRKey, nil); there != nil {
		return &dnspolicy.ConflictError{Change: dnspolicy.Create(set.Clone()), Actual: clone(there)}
	}
	z.put(set.RRKey, &set)
	return nil
}

// Remove removes the record set of this key, if there is one, by hand.
func (z *Zone) Remove(key dnspolicy.RRKey) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.put(key, nil)
}

// Resolve returns what the authoritative servers answer now: the record set as
// it was SyncDelay ago.
func (z *Zone) Resolve(key dnspolicy.RRKey) (dnspolicy.RRSet, bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.arrive()
	set, ok := z.served.get(key)
	return set.Clone(), ok
}
