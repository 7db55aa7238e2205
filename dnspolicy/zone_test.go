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

func set(name string, ttl time.Duration, values ...string) dnspolicy.RRSet {
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: name, Type: "A"}, TTL: ttl, Values: values}
}

func TestRRSetEqual(t *testing.T) {
	one := set("a.", time.Minute, "192.0.2.1", "192.0.2.2")
	other := one
	other.SetIdentifier = "blue"
	text := one
	text.Type = "TXT"
	for _, test := range []struct {
		name string
		set  dnspolicy.RRSet
		want bool
	}{
		{"itself", one, true},
		{"another order", set("a.", time.Minute, "192.0.2.2", "192.0.2.1"), true},
		{"another name", set("b.", time.Minute, "192.0.2.1", "192.0.2.2"), false},
		{"another type", text, false},
		{"another set identifier", other, false},
		{"another TTL", set("a.", time.Second, "192.0.2.1", "192.0.2.2"), false},
		{"fewer values", set("a.", time.Minute, "192.0.2.1"), false},
		{"a value twice", set("a.", time.Minute, "192.0.2.1", "192.0.2.1"), false},
		{"no values", set("a.", time.Minute), false},
	} {
		if one.Equal(test.set) != test.want || test.set.Equal(one) != test.want {
			t.Errorf("Equal to %s: %t, want %t", test.name, !test.want, test.want)
		}
	}
}

func TestRRSetEqualChangesNothing(t *testing.T) {
	values := []string{"192.0.2.2", "192.0.2.1"}
	set("a.", 0, values...).Equal(set("a.", 0, "192.0.2.1", "192.0.2.2"))
	if !slices.Equal(values, []string{"192.0.2.2", "192.0.2.1"}) {
		t.Errorf("Equal sorted its receiver's values: %v", values)
	}
}

func TestRRSetClone(t *testing.T) {
	original := set("a.", time.Minute, "192.0.2.1")
	clone := original.Clone()
	if !clone.Equal(original) {
		t.Errorf("Clone = %v, want %v", clone, original)
	}
	clone.Values[0] = "192.0.2.9"
	if original.Values[0] != "192.0.2.1" {
		t.Error("the clone shares memory with the original")
	}
}

func TestChange(t *testing.T) {
	a := set("a.", time.Minute, "192.0.2.1")
	for _, test := range []struct {
		name          string
		change        dnspolicy.Change
		before, after bool
	}{
		{"Create", dnspolicy.Create(a), false, true},
		{"Delete", dnspolicy.Delete(a), true, false},
		{"Republish", dnspolicy.Republish(a), true, true},
	} {
		if (test.change.Before != nil) != test.before || (test.change.After != nil) != test.after {
			t.Errorf("%s = %+v", test.name, test.change)
		}
		if got := test.change.Key(); got != a.RRKey {
			t.Errorf("%s: Key = %v, want %v", test.name, got, a.RRKey)
		}
	}
	if got := (dnspolicy.Change{}).Key(); got != (dnspolicy.RRKey{}) {
		t.Errorf("Key of an empty change = %v", got)
	}
}

func TestConflictError(t *testing.T) {
	before, actual := set("a.", time.Minute, "192.0.2.1"), set("a.", time.Second, "192.0.2.9")
	err := fmt.Errorf("publish: %w", &dnspolicy.ConflictError{Change: dnspolicy.Delete(before), Actual: &actual})
	if !errors.Is(err, dnspolicy.ErrConflict) || errors.Is(err, dnspolicy.ErrNotFound) {
		t.Errorf("%v is not ErrConflict, or is more", err)
	}
	for _, part := range []string{"a. A", "192.0.2.1", "1m0s", "192.0.2.9", "1s"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	taken := &dnspolicy.ConflictError{Change: dnspolicy.Create(before), Actual: &actual}
	if text := taken.Error(); !strings.Contains(text, "192.0.2.1") || !strings.Contains(text, "192.0.2.9") {
		t.Errorf("%q does not say both values", text)
	}
	none := &dnspolicy.ConflictError{Change: dnspolicy.Delete(before)}
	if !strings.HasSuffix(none.Error(), "found nothing") {
		t.Errorf("%q does not say that nothing was found", none)
	}
}
