package dnspolicy_test

import (
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// mediaPattern has a tag, functions and the IP, as patterns mostly do.
const mediaPattern = "{tag:team|lower|cut:20|replace:_:-}-{ip}"

// benchmarked returns the policies that are measured.
func benchmarked(tb testing.TB) map[string]dnspolicy.Policy {
	tb.Helper()
	policies := map[string]dnspolicy.Policy{
		"InstanceID": dnspolicy.InstanceID(),
		"DashedIP":   dnspolicy.PerAddress(dnspolicy.DashedIP()),
		"DottedIP":   dnspolicy.PerAddress(dnspolicy.DottedIP()),
	}
	add := func(name string, p dnspolicy.Policy, err error) {
		if err != nil {
			tb.Fatal(err)
		}
		policies[name] = p
	}
	pattern, err := dnspolicy.Pattern(mediaPattern)
	add("Pattern", pattern, err)
	hashed, err := dnspolicy.HashedInstanceID([]byte("a key of thirty-two bytes length"))
	add("HashedInstanceID", hashed, err)
	slot, err := dnspolicy.Slot("slot")
	add("Slot", dnspolicy.PerAddress(slot), err)
	return policies
}

// BenchmarkPolicy names one binding.
func BenchmarkPolicy(b *testing.B) {
	for name, policy := range benchmarked(b) {
		b.Run(name, func(b *testing.B) {
			subject := rich()
			b.ReportAllocs()
			for b.Loop() {
				if names, err := policy.Names(subject); err != nil || len(names) == 0 {
					b.Fatal(names, err)
				}
			}
		})
	}
}

// BenchmarkPattern reads one pattern.
func BenchmarkPattern(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dnspolicy.Pattern(mediaPattern); err != nil {
			b.Fatal(err)
		}
	}
}
