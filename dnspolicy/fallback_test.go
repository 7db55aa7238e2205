package dnspolicy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// fixed is a policy of these names.
func fixed(names ...string) dnspolicy.Policy {
	return dnspolicy.PolicyFunc(func(dnspolicy.Subject) ([]string, error) { return names, nil })
}

func failing(err error) dnspolicy.Policy {
	return dnspolicy.PolicyFunc(func(dnspolicy.Subject) ([]string, error) { return nil, err })
}

func TestFallback(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	for name, test := range map[string]struct {
		policy dnspolicy.Policy
		want   []string
	}{
		"one member":         {dnspolicy.Fallback(fixed("a", "b")), []string{"a", "b"}},
		"in order":           {dnspolicy.Fallback(fixed("b"), fixed("a")), []string{"b", "a"}},
		"duplicates":         {dnspolicy.Fallback(fixed("a", "b", "a"), fixed("c", "b")), []string{"a", "b", "c"}},
		"first is an error":  {dnspolicy.Fallback(failing(one), fixed("a")), []string{"a"}},
		"second is an error": {dnspolicy.Fallback(fixed("a"), failing(one), fixed("b")), []string{"a", "b"}},
		"nested":             {dnspolicy.Fallback(dnspolicy.Fallback(failing(one), failing(other)), fixed("a")), []string{"a"}},
	} {
		if got, err := test.policy.Names(subject); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: Names = %q, %v; want %q", name, got, err, test.want)
		}
	}
	got, err := dnspolicy.Fallback(failing(one), failing(other)).Names(subject)
	if !errors.Is(err, one) || !errors.Is(err, other) || len(got) != 0 {
		t.Errorf("if all fail, Names = %q, %v; want both errors", got, err)
	}
	if got, err := dnspolicy.Fallback(fixed()).Names(subject); err == nil {
		t.Errorf("if there are no names, Names = %q without error", got)
	}
}

func TestFallbackIsPerAddressIfAllMembersAre(t *testing.T) {
	ip, slot := dnspolicy.PerAddress(dnspolicy.DashedIP()), dnspolicy.PerAddress(mustSlot(t, "slot"))
	inner := dnspolicy.Fallback(slot, ip)
	for name, test := range map[string]struct {
		policy dnspolicy.Policy
		want   bool
	}{
		"all":         {inner, true},
		"nested":      {dnspolicy.Fallback(inner, dnspolicy.PerAddress(dnspolicy.DottedIP())), true},
		"not one":     {dnspolicy.Fallback(ip, dnspolicy.InstanceID()), false},
		"not a chain": {dnspolicy.Fallback(inner, dnspolicy.Fallback(dnspolicy.InstanceID())), false},
	} {
		if _, got := test.policy.(dnspolicy.PerAddressPolicy); got != test.want {
			t.Errorf("%s: per address: %t, want %t", name, got, test.want)
		}
	}
	if got, err := inner.Names(rich()); err != nil || !slices.Equal(got, []string{"sfu-007", "ip-203-0-113-7"}) {
		t.Errorf("Names = %q, %v", got, err)
	}
	if got, err := inner.Names(subject); err != nil || !slices.Equal(got, []string{"ip-203-0-113-7"}) {
		t.Errorf("Names without the tag = %q, %v", got, err)
	}
}

func TestFallbackForwardsRecords(t *testing.T) {
	slot := dnspolicy.WithRecords(dnspolicy.PerAddress(mustSlot(t, "slot")), mustTXT(t, "_slot", "{address-tag:slot}"))
	ip := dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DashedIP()), mustTXT(t, "_ip", "{dotted-ip}"))
	for name, test := range map[string]struct {
		policy    dnspolicy.Policy
		with, has []string // record sets with and without the tag
	}{
		"per address":  {dnspolicy.Fallback(slot, ip), []string{"_slot.a.", "_ip.a."}, []string{"_ip.a."}},
		"per instance": {dnspolicy.Fallback(slot, dnspolicy.InstanceID(), ip), []string{"_slot.a.", "_ip.a."}, []string{"_ip.a."}},
		"the same":     {dnspolicy.Fallback(ip, ip), []string{"_ip.a."}, []string{"_ip.a."}},
		"none":         {dnspolicy.Fallback(dnspolicy.InstanceID()), nil, nil},
	} {
		if got := recordNames(t, test.policy, rich(), "a."); !slices.Equal(got, test.with) {
			t.Errorf("%s: with the tag, record sets %q, want %q", name, got, test.with)
		}
		if got := recordNames(t, test.policy, subject, "a."); !slices.Equal(got, test.has) {
			t.Errorf("%s: without the tag, record sets %q, want %q", name, got, test.has)
		}
	}
}

// recordNames returns the names of the policy's record sets.
func recordNames(t *testing.T, policy dnspolicy.Policy, s dnspolicy.Subject, name string) []string {
	t.Helper()
	recorder, ok := policy.(dnspolicy.Recorder)
	if !ok {
		t.Fatalf("%T is no Recorder", policy)
	}
	sets, err := recorder.Records(s, name)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, set := range sets {
		names = append(names, set.Name)
	}
	return names
}

func mustSlot(t *testing.T, key string) dnspolicy.AddressPolicy {
	t.Helper()
	p, err := dnspolicy.Slot(key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustTXT(t *testing.T, label, pattern string) dnspolicy.Recorder {
	t.Helper()
	r, err := dnspolicy.TXT(label, pattern, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSlot(t *testing.T) {
	if got, err := mustSlot(t, "slot").Names(rich().Address); err != nil || !slices.Equal(got, []string{"sfu-007"}) {
		t.Errorf("Names = %q, %v", got, err)
	}
	for key, want := range map[string]string{
		"none":  `slot "none": address eipalloc-7 has no tag "none"`,
		"empty": "but it is empty",
		"fqdn":  "'.'",
	} {
		if got, err := mustSlot(t, key).Names(rich().Address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Slot(%q).Names = %q, %v; want %q", key, got, err, want)
		}
	}
	if p, err := dnspolicy.Slot(""); p != nil || !errors.Is(err, dnspolicy.ErrInvalid) {
		t.Errorf("Slot without a key = %v, %v", p, err)
	}
}

func ExampleFallback() {
	slot, err := dnspolicy.Slot("slot")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy := dnspolicy.Fallback(dnspolicy.PerAddress(slot), dnspolicy.PerAddress(dnspolicy.DashedIP()))
	s := subject
	fmt.Println(policy.Names(s))
	s.Address.Tags = map[string]string{"slot": "sfu-007"}
	fmt.Println(policy.Names(s))
	// Output:
	// [ip-203-0-113-7] <nil>
	// [sfu-007 ip-203-0-113-7] <nil>
}

func ExampleSlot() {
	policy, err := dnspolicy.Slot("slot")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Names(dnspolicy.Address{AllocationID: "eipalloc-7", Tags: map[string]string{"slot": "sfu-007"}}))
	fmt.Println(policy.Names(dnspolicy.Address{AllocationID: "eipalloc-8"}))
	// Output:
	// [sfu-007] <nil>
	// [] slot "slot": address eipalloc-8 has no tag "slot"
}
