package zonetest

import (
	"errors"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func neighbourCases() []testCase {
	return []testCase{
		{Name: "create-beside-cname", Contract: "A CNAME excludes sets of other types under its name (RFC 1034, section 3.6.2): a *ConflictError with what is there.", Run: createBesideCNAME},
		{Name: "create-cname-beside", Contract: "A CNAME excludes sets of other types under its name (RFC 1034, section 3.6.2): a *ConflictError with what is there.", Run: createCNAMEBeside},
		{Name: "create-plain-beside-identifier", Contract: "A set without identifier is the only one of its name and type: a *ConflictError with what is there.", Run: createPlainBesideIdentifier},
		{Name: "create-identifier-beside-plain", Contract: "A set without identifier is the only one of its name and type: a *ConflictError with what is there.", Run: createIdentifierBesidePlain},
		{Name: "apply-in-place-of-neighbour", Contract: "Apply makes the changes, all or none: what goes is not in the way of what comes.", Run: applyInPlaceOfNeighbour},
	}
}

func (f Fixture) cname(label string) dnspolicy.RRSet {
	set := f.a(label, "target."+f.Name)
	set.Type = "CNAME"
	return set
}

func (f Fixture) identified(label, identifier string, values ...string) dnspolicy.RRSet {
	set := f.a(label, values...)
	set.SetIdentifier = identifier
	return set
}

func createBesideCNAME(t tb, f Fixture) { f.excluded(t, f.a("m", "192.0.2.1"), f.cname("m")) }

func createCNAMEBeside(t tb, f Fixture) { f.excluded(t, f.cname("m"), f.a("m", "192.0.2.1")) }

func createPlainBesideIdentifier(t tb, f Fixture) {
	f.excluded(t, f.a("m", "192.0.2.1"), f.identified("m", "blue", "192.0.2.2"))
}

func createIdentifierBesidePlain(t tb, f Fixture) {
	f.excluded(t, f.identified("m", "blue", "192.0.2.2"), f.a("m", "192.0.2.1"))
}

// excluded checks that the set cannot be created where the neighbour is, which
// the conflict shows and the zone goes on to hold.
func (f Fixture) excluded(t tb, set, neighbour dnspolicy.RRSet) {
	t.Helper()
	f.apply(t, dnspolicy.Create(neighbour))
	change := dnspolicy.Create(set)
	p, err := f.Zone.Apply(t.Context(), []dnspolicy.Change{change})
	var conflict *dnspolicy.ConflictError
	if p != "" || !errors.As(err, &conflict) {
		t.Errorf("Apply of %s = %q, %v; want a *ConflictError", show([]dnspolicy.Change{change}), p, err)
	} else {
		checkConflict(t, conflict, change, &neighbour)
	}
	f.holds(t, set.RRKey, nil)
	f.holds(t, neighbour.RRKey, &neighbour)
}

func applyInPlaceOfNeighbour(t tb, f Fixture) {
	alias, set := f.cname("m"), f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(alias))
	f.apply(t, dnspolicy.Create(set), dnspolicy.Delete(alias))
	f.holds(t, alias.RRKey, nil)
	f.holds(t, set.RRKey, &set)
}
