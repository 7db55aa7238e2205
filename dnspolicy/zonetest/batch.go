package zonetest

import (
	"github.com/eipbinder/eipbinder/dnspolicy"
)

func batchCases() []testCase {
	return []testCase{
		{Name: "apply-all", Contract: "Apply makes the changes.", Run: applyAll},
		{Name: "apply-none", Contract: "All or none: if the zone does not hold what a change's Before says, nothing is changed.", Run: applyNone},
		{Name: "apply-nothing", Contract: "Without changes it does nothing and returns the empty Propagation.", Run: applyNothing},
		{Name: "apply-too-many", Contract: "More changes than the implementation can make at once: ErrTooLarge, and nothing is changed; fewer at a time may succeed.", Run: applyTooMany},
	}
}

func applyAll(t tb, f Fixture) {
	kept, old, gone := f.a("kept", "192.0.2.1"), f.a("old", "192.0.2.2"), f.a("gone", "192.0.2.3")
	f.apply(t, create([]dnspolicy.RRSet{kept, old, gone})...)
	next, added := f.a("old", "192.0.2.4"), f.a("new", "192.0.2.5")
	f.apply(t, dnspolicy.Republish(kept), replace(old, next), dnspolicy.Delete(gone), dnspolicy.Create(added))
	f.holds(t, kept.RRKey, &kept)
	f.holds(t, old.RRKey, &next)
	f.holds(t, gone.RRKey, nil)
	f.holds(t, added.RRKey, &added)
}

// applyNone puts the change that cannot be made last, first and in between.
func applyNone(t tb, f Fixture) {
	old, gone := f.a("old", "192.0.2.2"), f.a("gone", "192.0.2.3")
	f.apply(t, dnspolicy.Create(old), dnspolicy.Create(gone))
	added := f.a("new", "192.0.2.5")
	wrong := dnspolicy.Delete(f.a("absent", "192.0.2.6"))
	right := []dnspolicy.Change{replace(old, f.a("old", "192.0.2.4")), dnspolicy.Delete(gone), dnspolicy.Create(added)}
	for at := range len(right) + 1 {
		var changes []dnspolicy.Change
		changes = append(changes, right[:at]...)
		changes = append(changes, wrong)
		changes = append(changes, right[at:]...)
		f.refused(t, dnspolicy.ErrConflict, changes...)
		f.holds(t, old.RRKey, &old)
		f.holds(t, gone.RRKey, &gone)
		f.holds(t, added.RRKey, nil)
	}
}

func applyNothing(t tb, f Fixture) {
	for _, changes := range [][]dnspolicy.Change{nil, {}} {
		if p, err := f.Zone.Apply(t.Context(), changes); p != "" || err != nil {
			t.Errorf("Apply without changes = %q, %v; want nothing", p, err)
		}
	}
}

func applyTooMany(t tb, f Fixture) {
	if f.TooMany == 0 {
		t.Skipf("the fixture has no TooMany")
	}
	sets := f.many(f.TooMany)
	f.refused(t, dnspolicy.ErrTooLarge, create(sets)...)
	f.holds(t, sets[0].RRKey, nil)
	half := len(sets) / 2
	f.apply(t, create(sets[:half])...)
	f.holds(t, sets[0].RRKey, &sets[0])
}
