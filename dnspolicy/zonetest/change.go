package zonetest

import (
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func changeCases() []testCase {
	return []testCase{
		{"create", "nil → after: create.", createSet},
		{"delete", "before → nil: delete.", deleteSet},
		{"replace", "before → after: replace.", replaceSet},
		{"publish-again", "before = after: the set stays as it is, and Apply returns a fresh Propagation.", publishAgain},
		{"order-of-values", "Their order carries no meaning.", orderOfValues},
	}
}

func createSet(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	if p := f.apply(t, dnspolicy.Create(set)); p == "" {
		t.Errorf("Apply returned no Propagation")
	}
	f.holds(t, set.RRKey, &set)
}

func deleteSet(t tb, f Fixture) {
	set, other := f.a("m", "192.0.2.1"), f.a("n", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set), dnspolicy.Create(other))
	f.apply(t, dnspolicy.Delete(set))
	f.holds(t, set.RRKey, nil)
	f.holds(t, other.RRKey, &other)
	f.apply(t, dnspolicy.Create(set))
}

func replaceSet(t tb, f Fixture) {
	set, value, ttl := f.a("m", "192.0.2.1"), f.a("m", "192.0.2.2", "192.0.2.3"), f.a("m", "192.0.2.2", "192.0.2.3")
	ttl.TTL = time.Hour
	f.apply(t, dnspolicy.Create(set))
	f.apply(t, replace(set, value))
	f.holds(t, set.RRKey, &value)
	f.apply(t, replace(value, ttl))
	f.holds(t, set.RRKey, &ttl)
}

func publishAgain(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1", "192.0.2.2")
	first := f.apply(t, dnspolicy.Create(set))
	second := f.apply(t, dnspolicy.Republish(set))
	if second == "" || second == first {
		t.Errorf("publishing again gave the Propagation %q, the first time it was %q; want a fresh one", second, first)
	}
	f.holds(t, set.RRKey, &set)
	if err := f.Zone.Wait(t.Context(), second); err != nil {
		t.Errorf("Wait for what was published again: %v", err)
	}
}

func orderOfValues(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1", "192.0.2.2", "192.0.2.3")
	turned := set.Clone()
	slices.Reverse(turned.Values)
	f.apply(t, dnspolicy.Create(set))
	f.apply(t, dnspolicy.Republish(turned))
	f.apply(t, dnspolicy.Delete(turned))
	f.holds(t, set.RRKey, nil)
}
