// Package zonetest proves that an implementation of [dnspolicy.Zone], and of
// the optional [dnspolicy.Checker] if it has it, keeps the contract:
//
//	func TestContract(t *testing.T) {
//		zonetest.Run(t, func(t *testing.T) zonetest.Fixture {
//			return zonetest.Fixture{Zone: newZone(t, "example.com."), Name: "example.com."}
//		})
//	}
//
// A stand-in for the cloud may be wrong where the cloud is right. Cases that
// cannot pass because of that are excluded by name, with the reason
// (Options.Exclude).
//
// [Intercept] is for tests of what uses a zone: it puts faults and delays between
// the two.
//
// Names of cases are as stable as what is exported here: a case that goes, or gets
// another name, is a breaking change. Any release may bring new cases, for what
// the contract says already.
//
// Cases run one after the other, each on a Fixture of its own; some call the
// zone from several goroutines.
package zonetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Fixture is a zone, and what the suite must know of it.
type Fixture struct {
	// Zone is the zone under test. It holds nothing, or only what a new zone
	// holds at its apex.
	Zone dnspolicy.Zone
	// Name is the zone's name, absolute. It has at most 60 characters.
	Name string
	// TooMany is how many creations of one value each are too many for one call
	// of Apply. Zero if there is no such number.
	TooMany int
	// Answer returns what the authoritative servers answer now. Nil if they
	// cannot be asked.
	Answer func(dnspolicy.RRKey) (dnspolicy.RRSet, bool)
	// Missing is a zone that does not exist. Nil if there is no such thing.
	Missing dnspolicy.Zone
}

func cases() []testCase {
	return slices.Concat(lookupCases(), changeCases(), conflictCases(), neighbourCases(), batchCases(), invalidCases(), raceCases(), waitCases(), listCases(), callCases(), checkCases())
}

// a returns an A record set in the zone.
func (f Fixture) a(label string, values ...string) dnspolicy.RRSet {
	return dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: label + "." + f.Name, Type: "A"},
		TTL:    time.Minute,
		Values: values,
	}
}

// many returns n record sets of different names.
func (f Fixture) many(n int) []dnspolicy.RRSet {
	sets := make([]dnspolicy.RRSet, n)
	for i := range sets {
		sets[i] = f.a(fmt.Sprintf("many-%04d", i), "192.0.2.1")
	}
	return sets
}

func create(sets []dnspolicy.RRSet) []dnspolicy.Change {
	changes := make([]dnspolicy.Change, len(sets))
	for i, set := range sets {
		changes[i] = dnspolicy.Create(set)
	}
	return changes
}

func replace(before, after dnspolicy.RRSet) dnspolicy.Change {
	return dnspolicy.Change{Before: &before, After: &after}
}

// apply makes changes that must succeed.
func (f Fixture) apply(t tb, changes ...dnspolicy.Change) dnspolicy.Propagation {
	t.Helper()
	p, err := f.Zone.Apply(t.Context(), changes)
	if err != nil {
		t.Fatalf("Apply of %d changes, the first %s: %v", len(changes), show(changes), err)
	}
	return p
}

// refused checks that Apply fails in this way.
func (f Fixture) refused(t tb, want error, changes ...dnspolicy.Change) {
	t.Helper()
	if p, err := f.Zone.Apply(t.Context(), changes); p != "" || !errors.Is(err, want) {
		t.Errorf("Apply of %d changes, the first %s = %q, %v; want %v", len(changes), show(changes), p, err, want)
	}
}

// conflict checks that the change fails because the zone holds actual, and
// goes on to hold it.
func (f Fixture) conflict(t tb, change dnspolicy.Change, actual *dnspolicy.RRSet) {
	t.Helper()
	p, err := f.Zone.Apply(t.Context(), []dnspolicy.Change{change})
	var conflict *dnspolicy.ConflictError
	if p != "" || !errors.As(err, &conflict) {
		t.Errorf("Apply of %s = %q, %v; want a *ConflictError", show([]dnspolicy.Change{change}), p, err)
	} else {
		checkConflict(t, conflict, change, actual)
	}
	f.holds(t, change.Key(), actual)
}

func checkConflict(t tb, got *dnspolicy.ConflictError, change dnspolicy.Change, actual *dnspolicy.RRSet) {
	t.Helper()
	if got.Change.Key() != change.Key() {
		t.Errorf("the conflict is about %v, want %v", got.Change.Key(), change.Key())
	}
	if (got.Actual == nil) != (actual == nil) || actual != nil && !got.Actual.Equal(*actual) {
		t.Errorf("the conflict says that the zone holds %v, want %v", got.Actual, actual)
	}
}

// holds checks what the zone holds under the key; nil means nothing.
func (f Fixture) holds(t tb, key dnspolicy.RRKey, want *dnspolicy.RRSet) {
	t.Helper()
	got, err := f.Zone.Lookup(t.Context(), key)
	switch {
	case want == nil && !errors.Is(err, dnspolicy.ErrNotFound):
		t.Errorf("Lookup(%v) = %v, %v; want %v", key, got, err, dnspolicy.ErrNotFound)
	case want != nil && (err != nil || !got.Equal(*want)):
		t.Errorf("Lookup(%v) = %v, %v; want %v", key, got, err, *want)
	}
}

func show(changes []dnspolicy.Change) string {
	if len(changes) == 0 {
		return "none"
	}
	return fmt.Sprintf("from %v to %v", changes[0].Before, changes[0].After)
}
