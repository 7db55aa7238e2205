package main

import (
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/policytest"
)

func TestPolicy(t *testing.T) {
	policytest.Run(t, dnspolicy.PolicyFunc(byRack), func(o *policytest.Options) {
		for _, s := range o.Subjects {
			s.InstanceTags["rack"] = "r4"
		}
	})
}

func TestNames(t *testing.T) {
	s := dnspolicy.Subject{InstanceID: "w2", InstanceTags: map[string]string{"rack": "r4"}}
	if names, err := byRack(s); err != nil || !slices.Equal(names, []string{"r4", "r4-w2"}) {
		t.Errorf("byRack = %q, %v", names, err)
	}
	for _, rack := range []string{"", "r4.r5", "r4。r5", "r 4"} {
		s.InstanceTags["rack"] = rack
		if names, err := byRack(s); err == nil {
			t.Errorf("byRack of the rack %q = %q, want an error", rack, names)
		}
	}
}
