package dnspolicy_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func key(fill byte) []byte { return bytes.Repeat([]byte{fill}, 32) }

// hashes returns the names that both policies give with the key.
func hashes(t *testing.T, key []byte, s dnspolicy.Subject, optFns ...func(*dnspolicy.HashOptions)) (instance, address string) {
	t.Helper()
	byInstance, err := dnspolicy.HashedInstanceID(key, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	byAddress, err := dnspolicy.HashedAllocationID(key, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	one, err := byInstance.Names(s)
	if err != nil || len(one) != 1 {
		t.Fatalf("HashedInstanceID = %q, %v", one, err)
	}
	other, err := byAddress.Names(s.Address)
	if err != nil || len(other) != 1 {
		t.Fatalf("HashedAllocationID = %q, %v", other, err)
	}
	return one[0], other[0]
}

func TestHashes(t *testing.T) {
	same := subject
	same.InstanceID = same.Address.AllocationID
	instance, address := hashes(t, key(1), same)
	if instance == address {
		t.Errorf("an instance and an address of the same ID have the same name %s", instance)
	}
	for _, name := range []string{instance, address} {
		if len(name) != 32 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%q is not 32 characters of base32", name)
		}
	}
	if again, _ := hashes(t, key(1), same); again != instance {
		t.Errorf("the name is %s, then %s", instance, again)
	}
	if other, otherAddress := hashes(t, key(2), same); other == instance || otherAddress == address {
		t.Error("the names do not depend on the key")
	}
	prefix := func(o *dnspolicy.HashOptions) { o.Prefix = "m-" }
	if i, a := hashes(t, key(1), same, prefix); i != "m-"+instance || a != "m-"+address {
		t.Errorf("with a prefix, the names are %s and %s; want it before %s and %s", i, a, instance, address)
	}
}

func TestHashKeepsItsOwnKey(t *testing.T) {
	k := key(1)
	policy, err := dnspolicy.HashedInstanceID(k)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := policy.Names(subject)
	clear(k)
	if after, _ := policy.Names(subject); !slices.Equal(after, before) {
		t.Errorf("with the caller's key overwritten, the name is %s, not %s", after, before)
	}
}

func TestHashErrors(t *testing.T) {
	for name, test := range map[string]struct {
		key    []byte
		prefix string
	}{
		"no key":            {nil, ""},
		"short key":         {key(1)[:15], ""},
		"prefix dot":        {key(1), "m."},
		"prefix hyphen":     {key(1), "-"},
		"prefix underscore": {key(1), "_m"},
		"prefix too long":   {key(1), strings.Repeat("m", 32)},
	} {
		prefix := func(o *dnspolicy.HashOptions) { o.Prefix = test.prefix }
		if p, err := dnspolicy.HashedInstanceID(test.key, prefix); p != nil || !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("%s: HashedInstanceID = %v, %v", name, p, err)
		}
		if p, err := dnspolicy.HashedAllocationID(test.key, prefix); p != nil || !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("%s: HashedAllocationID = %v, %v", name, p, err)
		}
	}
	hashes(t, key(1)[:16], subject, func(o *dnspolicy.HashOptions) { o.Prefix = strings.Repeat("m", 31) })
}

func TestHashOfNothing(t *testing.T) {
	byInstance, err := dnspolicy.HashedInstanceID(key(1))
	if err != nil {
		t.Fatal(err)
	}
	byAddress, err := dnspolicy.HashedAllocationID(key(1))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := byInstance.Names(dnspolicy.Subject{}); err == nil {
		t.Errorf("without an instance ID the name is %s", got)
	}
	if got, err := byAddress.Names(dnspolicy.Address{}); err == nil {
		t.Errorf("without an allocation ID the name is %s", got)
	}
}

func ExampleHashedInstanceID() {
	secret := []byte("32 random octets, kept in secret")
	policy, err := dnspolicy.HashedInstanceID(secret, func(o *dnspolicy.HashOptions) { o.Prefix = "m-" })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Names(subject))
	// Output: [m-i5cvx5zamp4asochdlqvnsivr5dwecnf] <nil>
}

func ExampleHashedAllocationID() {
	secret := []byte("32 random octets, kept in secret")
	policy, err := dnspolicy.HashedAllocationID(secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Names(subject.Address))
	// Output: [5sqdn563p4opqh7u733yt2snasvru3ds] <nil>
}
