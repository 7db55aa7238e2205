package zonetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func checkCases() []testCase {
	return []testCase{
		{Name: "check", Contract: "Check returns nil if the zone exists, may be read, and the suffix lies in it: is the zone's name or ends in it.", Run: check},
		{Name: "check-suffix-outside", Contract: "ErrInvalid for the suffix.", Run: checkOutside},
		{Name: "check-missing-zone", Contract: "ErrNotFound for the zone.", Run: checkMissing},
		{Name: "check-cancelled", Contract: "Every error but a context's wraps the cause.", Run: checkCancelled},
	}
}

func checker(t tb, zone dnspolicy.Zone) dnspolicy.Checker {
	t.Helper()
	c, ok := zone.(dnspolicy.Checker)
	if !ok {
		t.Skipf("the zone is no dnspolicy.Checker")
	}
	return c
}

func check(t tb, f Fixture) {
	c := checker(t, f.Zone)
	for _, suffix := range []string{f.Name, "media." + f.Name, "a.b." + f.Name} {
		if err := c.Check(t.Context(), suffix); err != nil {
			t.Errorf("Check(%q) of the zone %q: %v", suffix, f.Name, err)
		}
	}
}

func checkOutside(t tb, f Fixture) {
	c := checker(t, f.Zone)
	for _, suffix := range []string{"media.example.invalid.", "not" + f.Name, "."} {
		if err := c.Check(t.Context(), suffix); !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("Check(%q) of the zone %q: %v; want %v", suffix, f.Name, err, dnspolicy.ErrInvalid)
		}
	}
}

func checkMissing(t tb, f Fixture) {
	if f.Missing == nil {
		t.Skipf("the fixture has no Missing")
	}
	if err := checker(t, f.Missing).Check(t.Context(), f.Name); !errors.Is(err, dnspolicy.ErrNotFound) {
		t.Errorf("Check of a zone that does not exist: %v; want %v", err, dnspolicy.ErrNotFound)
	}
}

func checkCancelled(t tb, f Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := checker(t, f.Zone).Check(ctx, f.Name); !errors.Is(err, context.Canceled) {
		t.Errorf("Check with a cancelled context: %v; want %v", err, context.Canceled)
	}
}
