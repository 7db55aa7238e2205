package zonetest

import (
	"errors"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func lookupCases() []testCase {
	return []testCase{
		{Name: "lookup-absent", Contract: "ErrNotFound if there is none.", Run: lookupAbsent},
		{Name: "lookup-missing-zone", Contract: "Lookup: a zone that does not exist is ErrInvalid, never ErrNotFound.", Run: lookupMissing},
		{Name: "lookup-type", Contract: "Lookup returns the record set of this key: name, type, set identifier.", Run: lookupType},
		{Name: "lookup-set-identifier", Contract: "SetIdentifier tells record sets of one name and type apart.", Run: lookupSetIdentifier},
		{Name: "lookup-names-with-special-characters", Contract: "Name is the owner name: absolute, lower case, with trailing dot.", Run: lookupSpecial},
		{Name: "lookup-all-values", Contract: "Values are the record data in presentation format, at least one.", Run: lookupValues},
	}
}

func lookupAbsent(t tb, f Fixture) {
	f.apply(t, dnspolicy.Create(f.a("m", "192.0.2.1")))
	for _, name := range []string{"a." + f.Name, "x." + f.Name, "a.m." + f.Name, "m.example.invalid."} {
		f.holds(t, dnspolicy.RRKey{Name: name, Type: "A"}, nil)
	}
}

func lookupMissing(t tb, f Fixture) {
	if f.Missing == nil {
		t.Skipf("the fixture has no Missing")
	}
	got, err := f.Missing.Lookup(t.Context(), f.a("m").RRKey)
	if !errors.Is(err, dnspolicy.ErrInvalid) || errors.Is(err, dnspolicy.ErrNotFound) {
		t.Errorf("Lookup in a zone that does not exist = %v, %v; want %v", got, err, dnspolicy.ErrInvalid)
	}
}

func lookupType(t tb, f Fixture) {
	a := f.a("m", "192.0.2.1")
	txt := a
	txt.Type, txt.Values = "TXT", []string{`"media server"`}
	f.apply(t, dnspolicy.Create(a))
	f.holds(t, txt.RRKey, nil)
	f.apply(t, dnspolicy.Create(txt))
	f.holds(t, a.RRKey, &a)
	f.holds(t, txt.RRKey, &txt)
}

func lookupSetIdentifier(t tb, f Fixture) {
	blue, green := f.a("m", "192.0.2.1"), f.a("m", "192.0.2.2")
	blue.SetIdentifier, green.SetIdentifier = "blue", "green"
	f.apply(t, dnspolicy.Create(blue), dnspolicy.Create(green))
	f.holds(t, blue.RRKey, &blue)
	f.holds(t, green.RRKey, &green)
	for _, other := range []string{"", "amber", "red"} {
		f.holds(t, dnspolicy.RRKey{Name: blue.Name, Type: "A", SetIdentifier: other}, nil)
	}
}

func lookupSpecial(t tb, f Fixture) {
	wildcard, service := f.a("*.m", "192.0.2.1"), f.a("_sip._udp", `"service"`)
	service.Type = "TXT"
	f.apply(t, dnspolicy.Create(wildcard), dnspolicy.Create(service))
	f.holds(t, wildcard.RRKey, &wildcard)
	f.holds(t, service.RRKey, &service)
	for _, want := range []dnspolicy.RRSet{wildcard, service} {
		if got := f.list(t)[want.RRKey]; !got.Equal(want) {
			t.Errorf("List yields %v for %v", got, want)
		}
	}
	f.apply(t, dnspolicy.Delete(wildcard))
	f.holds(t, wildcard.RRKey, nil)
}

func lookupValues(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1", "192.0.2.2", "192.0.2.3")
	f.apply(t, dnspolicy.Create(set))
	f.holds(t, set.RRKey, &set)
}
