package policytest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/net/idna"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/policytest"
)

var secret = []byte("32 random octets, kept in secret")

func TestBuiltIn(t *testing.T) {
	for name, policy := range builtIn(t) {
		t.Run(name, func(t *testing.T) { policytest.Run(t, policy) })
	}
}

func builtIn(t *testing.T) map[string]dnspolicy.Policy {
	slot, err1 := dnspolicy.Slot("slot")
	hashedInstance, err2 := dnspolicy.HashedInstanceID(secret)
	hashedAddress, err3 := dnspolicy.HashedAllocationID(secret, func(o *dnspolicy.HashOptions) { o.Prefix = "m-" })
	pool, err4 := dnspolicy.Multivalue("all-{tag:team|cut:20|replace:.:-}", "sfu.example.com.", time.Minute)
	text, err5 := dnspolicy.TXT("_info", "pool={tag:karpenter.sh/nodepool} slot={address-tag:slot}", time.Minute)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	dotted, dashed := dnspolicy.PerAddress(dnspolicy.DottedIP()), dnspolicy.PerAddress(dnspolicy.DashedIP())
	policies := map[string]dnspolicy.Policy{
		"DottedIP":             dotted,
		"DashedIP":             dashed,
		"Slot":                 dnspolicy.PerAddress(slot),
		"HashedAllocationID":   dnspolicy.PerAddress(hashedAddress),
		"InstanceID":           dnspolicy.InstanceID(),
		"HashedInstanceID":     hashedInstance,
		"Fallback":             dnspolicy.Fallback(dnspolicy.PerAddress(slot), dnspolicy.InstanceID()),
		"Fallback/per-address": dnspolicy.Fallback(dnspolicy.PerAddress(slot), dashed, dotted),
		"WithRecords":          dnspolicy.WithRecords(dnspolicy.InstanceID(), pool, text),
		"WithRecords/address":  dnspolicy.WithRecords(dashed, pool, text),
		"WithRecords/Fallback": dnspolicy.Fallback(dnspolicy.WithRecords(dnspolicy.PerAddress(slot), text), dnspolicy.WithRecords(dashed, pool)),
	}
	for _, pattern := range []string{
		"{tag:karpenter.sh/nodepool}-{ip}", "{tag:team|lower|cut:20|replace:_:-}-{instance-id}", "{instance-type}-{private-ip}.{zone}",
		"{address-tag:slot}", "{allocation-id}.{ip}", "{dotted-ip}", "{tag:Name|replace:.:-}",
	} {
		policy, err := dnspolicy.Pattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		policies["Pattern/"+pattern] = policy
	}
	return policies
}

// TestOwnSubjects has U-labels, and tags that the suite does not know.
func TestOwnSubjects(t *testing.T) {
	policy, err := dnspolicy.Pattern("{tag:city}-{address-tag:rack}-{ip}")
	if err != nil {
		t.Fatal(err)
	}
	policytest.Run(t, policy, func(o *policytest.Options) {
		o.ToASCII = idna.Lookup.ToASCII
		for i, s := range o.Subjects {
			s.InstanceTags["city"] = "münchen"
			s.Address.Tags["rack"] = fmt.Sprintf("r%d", i)
		}
	})
}

// A policy of one's own, and its test.
func TestOwnPolicy(t *testing.T) {
	policy := dnspolicy.PolicyFunc(func(s dnspolicy.Subject) ([]string, error) {
		if s.InstanceTags["karpenter.sh/nodepool"] != "media" || s.InstanceID == "" {
			return nil, errors.New("not a worker of the node pool media")
		}
		return []string{"media-" + s.InstanceID}, nil
	})
	policytest.Run(t, policy)
}
