package eippool_test

import (
	"testing"

	"github.com/eipbinder/eipbinder/eippool"
)

func TestHeldBy(t *testing.T) {
	target := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: "eni-1"}
	for name, test := range map[string]struct {
		address          eippool.Address
		associated, held bool
	}{
		"free":                      {eippool.Address{}, false, false},
		"held by the target":        {eippool.Address{AssociationID: "eipassoc-1", NetworkInterfaceID: "eni-1", InstanceID: "i-1"}, true, true},
		"instance not known":        {eippool.Address{AssociationID: "eipassoc-1", NetworkInterfaceID: "eni-1"}, true, true},
		"another interface":         {eippool.Address{AssociationID: "eipassoc-1", NetworkInterfaceID: "eni-2", InstanceID: "i-1"}, true, false},
		"interface, no association": {eippool.Address{NetworkInterfaceID: "eni-1"}, false, false},
	} {
		if got := test.address.Associated(); got != test.associated {
			t.Errorf("%s: Associated = %t, want %t", name, got, test.associated)
		}
		if got := test.address.HeldBy(target); got != test.held {
			t.Errorf("%s: HeldBy = %t, want %t", name, got, test.held)
		}
	}
	if (eippool.Address{}).HeldBy(eippool.Target{}) {
		t.Error("a free address is held by the target without interface")
	}
}

func TestFits(t *testing.T) {
	for _, test := range []struct {
		address, target string
		fits            bool
	}{
		{"", "", true},
		{"eu-central-1", "", true},
		{"", "eu-central-1", true},
		{"eu-central-1", "eu-central-1", true},
		{"eu-central-1", "eu-central-1-ham-1", false},
	} {
		a, target := eippool.Address{NetworkBorderGroup: test.address}, eippool.Target{NetworkBorderGroup: test.target}
		if got := a.Fits(target); got != test.fits {
			t.Errorf("address of %q fits target of %q: %t, want %t", test.address, test.target, got, test.fits)
		}
	}
}
