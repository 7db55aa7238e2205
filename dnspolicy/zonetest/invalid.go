package zonetest

import (
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func invalidCases() []testCase {
	return []testCase{
		{Name: "invalid-same-key-twice", Contract: "The changes must have different keys. A malformed change is ErrInvalid, and nothing is changed.", Run: sameKeyTwice},
		{Name: "invalid-empty-change", Contract: "A malformed change is ErrInvalid.", Run: emptyChange},
		{Name: "invalid-different-keys", Contract: "Both must have the same key. A malformed change is ErrInvalid.", Run: differentKeys},
		{Name: "invalid-outside-the-zone", Contract: "A name outside the zone is ErrInvalid.", Run: outsideZone},
		{Name: "invalid-name", Contract: "Names are absolute: lower case, with trailing dot. A malformed change is ErrInvalid.", Run: malformedName},
		{Name: "invalid-ttl", Contract: "TTL is how long resolvers may keep an answer, in whole seconds. A malformed change is ErrInvalid.", Run: malformedTTL},
		{Name: "invalid-no-values", Contract: "Values: at least one. A malformed change is ErrInvalid.", Run: noValues},
		{Name: "invalid-value", Contract: "Values are the record data in presentation format. A malformed change is ErrInvalid.", Run: malformedValue},
	}
}

// invalid checks that a creation of the set is refused, together with one that
// is in order.
func (f Fixture) invalid(t tb, set dnspolicy.RRSet) {
	t.Helper()
	good := f.a("good", "192.0.2.1")
	f.refused(t, dnspolicy.ErrInvalid, dnspolicy.Create(good), dnspolicy.Create(set))
	f.holds(t, good.RRKey, nil)
}

func sameKeyTwice(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.refused(t, dnspolicy.ErrInvalid, dnspolicy.Create(set), dnspolicy.Create(f.a("m", "192.0.2.2")))
	f.holds(t, set.RRKey, nil)
}

func emptyChange(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.refused(t, dnspolicy.ErrInvalid, dnspolicy.Change{})
	f.refused(t, dnspolicy.ErrInvalid, dnspolicy.Create(set), dnspolicy.Change{})
	f.holds(t, set.RRKey, nil)
}

func differentKeys(t tb, f Fixture) {
	set, other := f.a("m", "192.0.2.1"), f.a("n", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	f.refused(t, dnspolicy.ErrInvalid, replace(set, other))
	f.holds(t, set.RRKey, &set)
	f.holds(t, other.RRKey, nil)
}

// outsideZone includes a name that only ends in the zone's letters.
func outsideZone(t tb, f Fixture) {
	for _, name := range []string{"m.example.invalid.", "not" + f.Name} {
		set := f.a("m", "192.0.2.1")
		set.Name = name
		f.invalid(t, set)
	}
}

func malformedName(t tb, f Fixture) {
	long := strings.Repeat(strings.Repeat("a", 63)+".", 4)
	for _, name := range []string{
		"",
		"m." + strings.TrimSuffix(f.Name, "."), // not absolute
		"M." + f.Name,                          // not lower case
		"m.." + f.Name,
		strings.Repeat("a", 64) + "." + f.Name,
		long + f.Name,
	} {
		set := f.a("m", "192.0.2.1")
		set.Name = name
		f.invalid(t, set)
	}
}

func malformedTTL(t tb, f Fixture) {
	for _, ttl := range []time.Duration{-time.Second, 1500 * time.Millisecond, 1 << 31 * time.Second} {
		set := f.a("m", "192.0.2.1")
		set.TTL = ttl
		f.invalid(t, set)
	}
}

func noValues(t tb, f Fixture) {
	f.invalid(t, f.a("m"))
}

func malformedValue(t tb, f Fixture) {
	for _, value := range []string{"", "192.0.2", "192.0.2.256", "2001:db8::1", "m.example.com."} {
		f.invalid(t, f.a("m", value))
	}
	f.invalid(t, f.a("m", "192.0.2.1", "192.0.2.1"))
}
