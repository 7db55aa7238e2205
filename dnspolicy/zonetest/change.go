package zonetest

import (
	"math"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func changeCases() []testCase {
	return []testCase{
		{Name: "create", Contract: "nil → after: create.", Run: createSet},
		{Name: "delete", Contract: "before → nil: delete.", Run: deleteSet},
		{Name: "replace", Contract: "before → after: replace.", Run: replaceSet},
		{Name: "publish-again", Contract: "before = after: the set stays as it is, and Apply returns a fresh Propagation.", Run: publishAgain},
		{Name: "ttl-bounds", Contract: "A TTL is whole seconds from 0 to 2³¹-1.", Run: ttlBounds},
		{Name: "order-of-values", Contract: "Their order carries no meaning.", Run: orderOfValues},
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

func ttlBounds(t tb, f Fixture) {
	shortest, longest := f.a("shortest", "192.0.2.1"), f.a("longest", "192.0.2.1")
	shortest.TTL, longest.TTL = 0, math.MaxInt32*time.Second
	f.apply(t, dnspolicy.Create(shortest), dnspolicy.Create(longest))
	f.holds(t, shortest.RRKey, &shortest)
	f.holds(t, longest.RRKey, &longest)
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
