package policytest

import (
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func addressCases() []testCase {
	return []testCase{
		{Name: "address-alone", Contract: "The names of a PerAddressPolicy depend on the address alone, whichever instance has it.", Run: perAddress(func(t tb, f fixture) {
			for _, s := range f.Subjects {
				want := f.names(dnspolicy.Subject{Address: clone(s).Address})
				for _, other := range f.Subjects {
					other.Address = s.Address
					if got := f.names(clone(other)); !got.equal(want) {
						t.Errorf("Names of %+v = %v; without an instance, they were %v", other, got, want)
					}
				}
			}
		})},
		{Name: "address-distinct", Contract: "Two addresses do not get the same name from an AddressPolicy.", Run: perAddress(func(t tb, f fixture) {
			holders := map[string]dnspolicy.Address{}
			for _, s := range f.Subjects {
				for _, name := range slices.Compact(slices.Sorted(slices.Values(f.names(clone(s)).names))) {
					if holder, taken := holders[name]; taken {
						t.Errorf("both %+v and %+v have the name %q", holder, s.Address, name)
					}
					holders[name] = s.Address
				}
			}
		})},
	}
}

func perAddress(run func(tb, fixture)) func(tb, fixture) {
	return func(t tb, f fixture) {
		if _, ok := f.policy.(dnspolicy.PerAddressPolicy); !ok {
			t.Skipf("%T is no PerAddressPolicy", f.policy)
		}
		run(t, f)
	}
}
