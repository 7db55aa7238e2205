package dnspolicy

import (
	"context"
	"iter"
	"slices"
	"time"
)

// RRKey identifies a record set in a zone.
type RRKey struct {
	// Name is the owner name: absolute, lower case, with trailing dot.
	Name string
	// Type is the record type, such as "A" or "TXT".
	Type string
	// SetIdentifier tells record sets of one name and type apart; empty for the
	// usual case of a single one.
	SetIdentifier string
}

// RRSet is a record set: all values of one name and type that are published
// together.
type RRSet struct {
	RRKey
	// TTL is how long resolvers may keep an answer, in whole seconds.
	TTL time.Duration
	// Values are the record data in presentation format ("203.0.113.7",
	// "\"text\""), at least one. Their order carries no meaning.
	Values []string
}

// Equal reports whether both sets have the same key, TTL and values; the
// values' order does not matter.
func (s RRSet) Equal(o RRSet) bool {
	return s.RRKey == o.RRKey && s.TTL == o.TTL && slices.Equal(sorted(s.Values), sorted(o.Values))
}

// Clone returns a copy that shares no memory with s.
func (s RRSet) Clone() RRSet {
	s.Values = slices.Clone(s.Values)
	return s
}

func sorted(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	return values
}

// Change is a before-and-after pair: what the zone must hold now and what it
// is to hold afterwards.
//
//	nil    → after   create: no record set of this key may exist
//	before → nil     delete: the record set must be exactly before
//	before → after   replace: likewise; both must have the same key
//	before = after   publish again: the set stays as it is, and Apply returns a
//	                 fresh Propagation, as is needed after a lost reply
type Change struct {
	Before, After *RRSet
}

// Key returns the key that the change is about; the zero RRKey for an empty
// change.
func (c Change) Key() RRKey {
	switch {
	case c.After != nil:
		return c.After.RRKey
	case c.Before != nil:
		return c.Before.RRKey
	}
	return RRKey{}
}

// Create returns the change that creates set.
func Create(set RRSet) Change { return Change{After: &set} }

// Delete returns the change that deletes set.
func Delete(set RRSet) Change { return Change{Before: &set} }

// Republish returns the change that leaves set as it is and yields a fresh
// Propagation.
func Republish(set RRSet) Change { return Change{Before: &set, After: &set} }

// Propagation names the way of accepted changes to all authoritative servers.
// It is a plain string so that it can be stored and waited for by another
// process. The empty Propagation has arrived.
type Propagation string

// Zone is one hosted zone.
//
// Every error but a context's wraps the cause and, where it is one of this
// package's kinds, the sentinel too. An error that wraps no sentinel is worth
// another try. After such an error or a cancellation of Apply the changes may
// have been made, all or none.
type Zone interface {
	// Lookup returns the record set of this key as the zone's database has it;
	// ErrNotFound if there is none. A zone that does not exist is ErrInvalid; and a
	// call that was throttled, refused or cut short is never ErrNotFound.
	Lookup(ctx context.Context, key RRKey) (RRSet, error)

	// Apply makes the changes, all or none, and returns what to wait for. The
	// changes must have different keys; without changes it does nothing and
	// returns the empty Propagation. If the zone does not hold what a change's
	// Before says, nothing is changed and the error is a *ConflictError (which
	// is ErrConflict) with what the zone holds. Nothing is ever overwritten.
	// A record set that another one of its name excludes (a CNAME any other, a set
	// without identifier those with one) is a *ConflictError, too, with that one.
	// More changes than the implementation can make at once: ErrTooLarge, and
	// nothing is changed; fewer at a time may succeed. A malformed change (a name
	// that is not lower case, no value or one twice, an A value that is no IPv4
	// address, a TTL that is not whole seconds from 0 to 2³¹-1), or a name outside
	// the zone, is ErrInvalid, and nothing is changed.
	Apply(ctx context.Context, changes []Change) (Propagation, error)

	// Wait returns nil once the changes are on all authoritative servers. It
	// blocks until then, or until ctx ends, whose error it then returns, as it does
	// if ctx has ended before. A Propagation that is not known (any more) is
	// ErrNotFound: publish again to get a fresh one.
	Wait(ctx context.Context, p Propagation) error

	// List yields all record sets of the zone, each once, in no particular
	// order. An error ends the sequence: what came before it is then not the
	// whole zone. Breaking off is fine.
	List(ctx context.Context) iter.Seq2[RRSet, error]
}

// Checker is what a Zone implements in addition if it can tell in advance
// whether it will do.
type Checker interface {
	// Check returns nil if the zone exists, may be read, and the suffix
	// (absolute) lies in it: is the zone's name or ends in it. The error names
	// what is wrong: ErrNotFound for the zone, ErrInvalid for the suffix.
	Check(ctx context.Context, suffix string) error
}
