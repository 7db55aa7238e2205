package dnspolicy_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func TestAddressPolicies(t *testing.T) {
	for name, test := range map[string]struct {
		policy dnspolicy.AddressPolicy
		want   string
	}{
		"DottedIP": {dnspolicy.DottedIP(), "203.0.113.7"},
		"DashedIP": {dnspolicy.DashedIP(), "ip-203-0-113-7"},
	} {
		address := dnspolicy.Address{AllocationID: "eipalloc-7", IP: netip.MustParseAddr("203.0.113.7")}
		if got, err := test.policy.Names(address); err != nil || !slices.Equal(got, []string{test.want}) {
			t.Errorf("%s = %v, %v; want %s", name, got, err, test.want)
		}
		for _, ip := range []netip.Addr{{}, netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("::ffff:203.0.113.7")} {
			got, err := test.policy.Names(dnspolicy.Address{AllocationID: "eipalloc-7", IP: ip})
			if err == nil || !strings.Contains(err.Error(), "eipalloc-7") || len(got) != 0 {
				t.Errorf("%s of %v = %v, %v; want an error that names the address", name, ip, got, err)
			}
		}
	}
}

func TestInstanceID(t *testing.T) {
	policy := dnspolicy.InstanceID()
	if got, err := policy.Names(dnspolicy.Subject{InstanceID: "i-0abc"}); err != nil || !slices.Equal(got, []string{"i-0abc"}) {
		t.Errorf("Names = %v, %v; want i-0abc", got, err)
	}
	if got, err := policy.Names(dnspolicy.Subject{}); err == nil {
		t.Errorf("Names without an instance ID = %v", got)
	}
}

func TestPerAddress(t *testing.T) {
	address := dnspolicy.Address{AllocationID: "eipalloc-7"}
	failure := errors.New("no name for it")
	var seen dnspolicy.Address
	inner := dnspolicy.AddressPolicyFunc(func(a dnspolicy.Address) ([]string, error) {
		seen = a
		return []string{"a", "b"}, failure
	})
	var policy dnspolicy.Policy = dnspolicy.PerAddress(inner)
	names, err := policy.Names(dnspolicy.Subject{Address: address, InstanceID: "i-0abc"})
	if !slices.Equal(names, []string{"a", "b"}) || !errors.Is(err, failure) || seen.AllocationID != address.AllocationID {
		t.Errorf("Names = %v, %v of %v; want the address policy's result for the subject's address", names, err, seen)
	}
	if _, ok := policy.(dnspolicy.PerAddressPolicy); !ok {
		t.Errorf("%T does not tell by its type that its names are the address's", policy)
	}
}

var subject = dnspolicy.Subject{
	Address:      dnspolicy.Address{AllocationID: "eipalloc-7", IP: netip.MustParseAddr("203.0.113.7")},
	InstanceID:   "i-0abc",
	InstanceTags: map[string]string{"karpenter.sh/nodepool": "media"},
}

func ExamplePolicyFunc() {
	policy := dnspolicy.PolicyFunc(func(s dnspolicy.Subject) ([]string, error) {
		pool, ok := s.InstanceTags["karpenter.sh/nodepool"]
		if !ok {
			return nil, errors.New("instance has no tag karpenter.sh/nodepool")
		}
		return []string{pool + "-" + s.InstanceID}, nil
	})
	fmt.Println(policy.Names(subject))
	fmt.Println(policy.Names(dnspolicy.Subject{InstanceID: "i-0abc"}))
	// Output:
	// [media-i-0abc] <nil>
	// [] instance has no tag karpenter.sh/nodepool
}

func ExampleAddressPolicyFunc() {
	policy := dnspolicy.AddressPolicyFunc(func(a dnspolicy.Address) ([]string, error) {
		return []string{a.AllocationID}, nil
	})
	fmt.Println(dnspolicy.PerAddress(policy).Names(subject))
	// Output: [eipalloc-7] <nil>
}

func ExamplePerAddress() {
	policy := dnspolicy.PerAddress(dnspolicy.DottedIP())
	fmt.Println(policy.Names(subject))
	// Output: [203.0.113.7] <nil>
}

func ExampleDottedIP() {
	fmt.Println(dnspolicy.DottedIP().Names(subject.Address))
	// Output: [203.0.113.7] <nil>
}

func ExampleDashedIP() {
	fmt.Println(dnspolicy.DashedIP().Names(subject.Address))
	// Output: [ip-203-0-113-7] <nil>
}

func ExampleInstanceID() {
	fmt.Println(dnspolicy.InstanceID().Names(subject))
	// Output: [i-0abc] <nil>
}

func ExampleJoin() {
	fmt.Println(dnspolicy.Join("Media-i-0abc", "sfu.example.com."))
	_, err := dnspolicy.Join("evil.example.org.", "sfu.example.com.")
	fmt.Println(err)
	// Output:
	// media-i-0abc.sfu.example.com. <nil>
	// invalid DNS name: "evil.example.org." ends in a dot: a policy's names are relative to the suffix
}
