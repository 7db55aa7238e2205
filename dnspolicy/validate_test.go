package dnspolicy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

func under(suffix string) dnspolicy.Terms {
	return dnspolicy.Terms{Suffix: suffix, ToASCII: binder.ToASCII}
}

func TestTermsJoin(t *testing.T) {
	failure := errors.New("no such letter")
	const suffix = "sfu.example.com."
	for what, test := range map[string]struct {
		terms      dnspolicy.Terms
		name, want string
	}{
		"plain":                    {dnspolicy.Terms{Suffix: suffix}, "A.b", "a.b." + suffix},
		"one label":                {dnspolicy.Terms{Suffix: suffix, CoveredByWildcard: true}, "a", "a." + suffix},
		"not one label":            {dnspolicy.Terms{Suffix: suffix, CoveredByWildcard: true}, "a.b", ""},
		"U-label":                  {under(suffix), "straße", "xn--strae-oqa." + suffix},
		"U-label, not converted":   {dnspolicy.Terms{Suffix: suffix}, "straße", ""},
		"a stop of another script": {dnspolicy.Terms{Suffix: suffix, CoveredByWildcard: true, ToASCII: binder.ToASCII}, "a。b", ""},
		"refused by ToASCII":       {dnspolicy.Terms{Suffix: suffix, ToASCII: func(string) (string, error) { return "a", failure }}, "a", ""},
		"absolute":                 {under(suffix), "a.", ""},
		"nothing":                  {under(suffix), "", ""},
		"too long":                 {under(nameOf(252)), "ab", ""},
		"just short enough":        {under(nameOf(252)), "a", "a." + nameOf(252)},
	} {
		got, err := test.terms.Join(test.name)
		if got != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("%s: Join(%q) = %q, %v; want %q", what, test.name, got, err, test.want)
		}
		if what == "refused by ToASCII" && !errors.Is(err, failure) {
			t.Errorf("%v does not wrap its cause", err)
		}
	}
}

func mustPattern(t *testing.T, text string) dnspolicy.Policy {
	t.Helper()
	p, err := dnspolicy.Pattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustAddressPattern(t *testing.T, text string) dnspolicy.AddressPolicy {
	t.Helper()
	p, err := dnspolicy.AddressPattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestOneLabel has, of each policy, whether a wildcard certificate can cover its
// names.
func TestOneLabel(t *testing.T) {
	dotted, dashed := dnspolicy.PerAddress(dnspolicy.DottedIP()), dnspolicy.PerAddress(dnspolicy.DashedIP())
	key := []byte("32 random octets, kept in secret")
	hashed, err := dnspolicy.HashedInstanceID(key)
	hashedAddress, err2 := dnspolicy.HashedAllocationID(key)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	text := mustTXT(t, "_info", "a.b.c")
	for name, test := range map[string]struct {
		policy dnspolicy.Policy
		want   string // in the error; empty: it will do
	}{
		"DottedIP":                      {dotted, `DottedIP gives names like "0.0.0.0"`},
		"DashedIP":                      {dashed, ""},
		"InstanceID":                    {dnspolicy.InstanceID(), ""},
		"Slot":                          {dnspolicy.PerAddress(mustSlot(t, "slot")), ""},
		"HashedInstanceID":              {hashed, ""},
		"HashedAllocationID":            {dnspolicy.PerAddress(hashedAddress), ""},
		"PolicyFunc":                    {fixed("a.b"), ""}, // nobody can tell
		"AddressPolicyFunc":             {dnspolicy.PerAddress(dnspolicy.AddressPolicyFunc(dnspolicy.DottedIP().Names)), ""},
		"Pattern, one label":            {mustPattern(t, "{tag:a}-{ip}"), ""},
		"Pattern, a dot":                {mustPattern(t, "{instance-id}.{zone}"), `pattern "{instance-id}.{zone}" gives names like "0.0"`},
		"Pattern of the address":        {mustPattern(t, "sfu.{ip}"), "sfu.0"},
		"Pattern, dotted IP":            {mustPattern(t, "a-{dotted-ip}"), `"a-0.0.0.0"`},
		"Pattern, dotted no more":       {mustPattern(t, "a-{dotted-ip|replace:.:-}"), ""},
		"Pattern, dotted and cut":       {mustPattern(t, "a-{dotted-ip|cut:3}"), ""},
		"Pattern, U-labels":             {mustPattern(t, "straße-{ip}"), ""},
		"AddressPattern":                {dnspolicy.PerAddress(mustAddressPattern(t, "{ip}.sfu")), "0.sfu"},
		"Fallback, all":                 {dnspolicy.Fallback(dotted), "fallback: policy 1: DottedIP"},
		"Fallback, one":                 {dnspolicy.Fallback(dashed, dotted), "fallback: policy 2: DottedIP"},
		"Fallback, not per address":     {dnspolicy.Fallback(dnspolicy.InstanceID(), dotted), "fallback: policy 2: DottedIP"},
		"Fallback, none":                {dnspolicy.Fallback(dashed, dnspolicy.InstanceID()), ""},
		"WithRecords":                   {dnspolicy.WithRecords(mustPattern(t, "{zone}.{ip}"), text), "0.0"},
		"WithRecords, per address":      {dnspolicy.WithRecords(dotted, text), "DottedIP"},
		"WithRecords, one label":        {dnspolicy.WithRecords(dashed, text), ""},
		"WithRecords around Fallback":   {dnspolicy.WithRecords(dnspolicy.Fallback(dashed, dotted), text), "policy 2: DottedIP"},
		"Fallback around WithRecords":   {dnspolicy.Fallback(dashed, dnspolicy.WithRecords(dotted, text)), "policy 2: DottedIP"},
		"a Validator in a wrapper":      {wrapper{dotted}, "DottedIP"},
		"an AddressPolicy of one's own": {dnspolicy.PerAddress(wrongAddress{}), "wrong"},
	} {
		terms := under("sfu.example.com.")
		if err := dnspolicy.Validate(test.policy, terms); err != nil && test.want != "wrong" {
			t.Errorf("%s: Validate = %v", name, err)
		}
		terms.CoveredByWildcard = true
		err := dnspolicy.Validate(test.policy, terms)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Validate = %v; want %q", name, err, test.want)
		}
		if err != nil && test.want != "wrong" && !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("%s: %v is not ErrInvalidName", name, err)
		}
	}
}

type wrapper struct{ dnspolicy.Policy }

func (w wrapper) Validate(t dnspolicy.Terms) error { return dnspolicy.Validate(w.Policy, t) }

type wrongAddress struct{}

func (wrongAddress) Names(dnspolicy.Address) ([]string, error) { return []string{"a"}, nil }

func (wrongAddress) Validate(dnspolicy.Terms) error { return errors.New("wrong") }

func TestMissingParts(t *testing.T) {
	dashed, text := dnspolicy.PerAddress(dnspolicy.DashedIP()), mustTXT(t, "_info", "a")
	for name, test := range map[string]struct {
		policy dnspolicy.Policy
		want   string
	}{
		"no policy":                      {nil, "it is nil"},
		"PolicyFunc":                     {dnspolicy.PolicyFunc(nil), "the PolicyFunc is nil"},
		"PerAddress":                     {dnspolicy.PerAddress(nil), "the AddressPolicy is nil"},
		"PerAddress, AddressPolicyFunc":  {dnspolicy.PerAddress(dnspolicy.AddressPolicyFunc(nil)), "the AddressPolicyFunc is nil"},
		"PerAddressPolicy":               {dnspolicy.PerAddressPolicy{Recorder: text}, "the AddressPolicy is nil"},
		"PerAddressPolicy, RecorderFunc": {dnspolicy.PerAddressPolicy{AddressPolicy: dnspolicy.DashedIP(), Recorder: dnspolicy.RecorderFunc(nil)}, "the RecorderFunc is nil"},
		"Fallback, only":                 {dnspolicy.Fallback(nil), "fallback: policy 1: invalid request: it is nil"},
		"Fallback, last":                 {dnspolicy.Fallback(dashed, dashed, nil), "fallback: policy 3: invalid request: it is nil"},
		"Fallback, PerAddress":           {dnspolicy.Fallback(dashed, dnspolicy.PerAddress(nil)), "fallback: policy 2: invalid request: the AddressPolicy is nil"},
		"WithRecords, policy":            {dnspolicy.WithRecords(nil, text), "the Policy of WithRecords is nil"},
		"WithRecords, recorder":          {dnspolicy.WithRecords(dnspolicy.InstanceID(), text, nil), "recorder 2: invalid request: it is nil"},
		"WithRecords, RecorderFunc":      {dnspolicy.WithRecords(dnspolicy.InstanceID(), dnspolicy.RecorderFunc(nil)), "recorder 1: invalid request: the RecorderFunc is nil"},
		"WithRecords, per address":       {dnspolicy.WithRecords(dashed, nil), "recorder 1: invalid request: it is nil"},
		"WithRecords, nested":            {dnspolicy.WithRecords(dnspolicy.WithRecords(dashed, nil), text), "recorder 1: invalid request: it is nil"},
	} {
		err := dnspolicy.Validate(test.policy, under("sfu.example.com."))
		if !errors.Is(err, dnspolicy.ErrInvalid) || !strings.Contains(err.Error(), test.want) || strings.Count(err.Error(), "nil") != 1 {
			t.Errorf("%s: Validate = %v; want %q", name, err, test.want)
		}
	}
}

func TestTooLongUnderTheSuffix(t *testing.T) {
	for name, test := range map[string]struct {
		policy dnspolicy.Policy
		length int // of the shortest name, with the dot after it
	}{
		"DottedIP":       {dnspolicy.PerAddress(dnspolicy.DottedIP()), len("0.0.0.0.")},
		"DashedIP":       {dnspolicy.PerAddress(dnspolicy.DashedIP()), len("ip-0-0-0-0.")},
		"InstanceID":     {dnspolicy.InstanceID(), len("i.")},
		"Slot":           {dnspolicy.PerAddress(mustSlot(t, "slot")), len("s.")},
		"Pattern":        {mustPattern(t, "sfu-{ip}.{zone}"), len("sfu-0.0.")},
		"dotted":         {mustPattern(t, "{dotted-ip}"), len("0.0.0.0.")},
		"cut":            {mustPattern(t, "{dotted-ip|cut:1}"), len("0.")},
		"U-labels":       {mustPattern(t, "ü.{ip}"), len("xn--tda.0.")},
		"U-label, value": {mustPattern(t, "ü{ip}"), len("00.")},
	} {
		fits, not := under(nameOf(254-test.length)), under(nameOf(255-test.length))
		if err := dnspolicy.Validate(test.policy, fits); err != nil {
			t.Errorf("%s: Validate = %v", name, err)
		}
		if err := dnspolicy.Validate(test.policy, not); !errors.Is(err, dnspolicy.ErrInvalidName) || !strings.Contains(err.Error(), "more than 254") {
			t.Errorf("%s: Validate under %d characters = %v", name, len(not.Suffix), err)
		}
	}
}

// What only the values can tell is not refused; what no value can mend is.
func TestLiteralsOfPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"xn--{ip}":                              `character 1: label begins with "xn--"`,
		"a.XN--b{ip}":                           `character 3: label begins with "xn--"`,
		"xn--strae-oqa-{ip}":                    `label begins with "xn--"`,
		strings.Repeat("a", 60) + "{dotted-ip}": "",
		strings.Repeat("a", 63) + "{dotted-ip}": "more than 63",
		"{dotted-ip}" + strings.Repeat("a", 63): "more than 63",
		"{ip}n--a":                              "",
		"x{ip}--a":                              "",
		"xn-{ip}":                               "",
	} {
		policy, err := dnspolicy.Pattern(text)
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, dnspolicy.ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("Pattern(%q): %v; want %q", text, err, want)
		}
		if _, err := dnspolicy.AddressPattern(text); (err == nil) != (want == "") {
			t.Errorf("AddressPattern(%q): %v; want %q", text, err, want)
		}
		if err == nil {
			if err := dnspolicy.Validate(policy, under("a.")); err != nil {
				t.Errorf("Validate of %q = %v", text, err)
			}
		}
	}
	for text, ok := range map[string]bool{
		"xn--strae-oqa.{ip}":                true,
		"xn--a.{ip}":                        false, // no A-label
		strings.Repeat("ü", 50) + ".{ip}":   true,
		strings.Repeat("üa", 30) + ".{ip}":  false, // more than 63 characters as an A-label
		"ש{tag:digits}":                     true,  // right to left, so it depends on the value
		strings.Repeat("a.", 126) + "{ip}":  false,
		strings.Repeat("a.", 125) + "{ip}":  true,
		strings.Repeat("a.", 125) + "0{ip}": false,
	} {
		if err := dnspolicy.Validate(mustPattern(t, text), under("a.")); (err == nil) != ok || err != nil && !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("Validate of %q = %v", text, err)
		}
	}
}

func TestMultivalueOfAnotherSuffix(t *testing.T) {
	for name, test := range map[string]struct {
		pattern, suffix string
		ok              bool
	}{
		"the same":               {"all", "sfu.example.com.", true},
		"the same, upper case":   {"all", "SFU.Example.com.", true},
		"below it":               {"all-{zone}", "pool.sfu.example.com.", true},
		"above it, but inside":   {"all.sfu", "example.com.", true},
		"above it":               {"all", "example.com.", false},
		"the suffix itself":      {"sfu", "example.com.", false},
		"beside it":              {"all", "turn.example.com.", false},
		"another domain":         {"all-{zone}", "sfu.example.org.", false},
		"with the same ending":   {"all", "xsfu.example.com.", false},
		"depending on the value": {"all.{tag:pool}", "example.com.", false},
	} {
		r, err := dnspolicy.Multivalue(test.pattern, test.suffix, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for what, p := range map[string]any{
			"alone": r, "in a policy": dnspolicy.WithRecords(dnspolicy.InstanceID(), r),
			"in a chain": dnspolicy.Fallback(dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DashedIP()), r)),
		} {
			err := dnspolicy.Validate(p, under("sfu.example.com."))
			if (err == nil) != test.ok || err != nil && (!errors.Is(err, dnspolicy.ErrInvalid) || !strings.Contains(err.Error(), "the workers' names are under sfu.example.com.")) {
				t.Errorf("%s, %s: Validate = %v", name, what, err)
			}
		}
	}
}

// A suffix in upper case is the same one, also where the common name is kept free.
func TestMultivalueIsCaseInsensitive(t *testing.T) {
	r, err := dnspolicy.Multivalue("All-{zone}", "SFU.Example.com.", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := r.(dnspolicy.CommonNamer); !ok || !n.Common("all-a.sfu.example.com.") || n.Common("i-0abc.sfu.example.com.") {
		t.Errorf("%T does not know its common names", r)
	}
}

func TestHashIsNoALabel(t *testing.T) {
	for _, prefix := range []string{"xn--", "XN--a"} {
		p, err := dnspolicy.HashedInstanceID([]byte("32 random octets, kept in secret"), func(o *dnspolicy.HashOptions) { o.Prefix = prefix })
		if p != nil || !errors.Is(err, dnspolicy.ErrInvalid) {
			t.Errorf("HashedInstanceID with the prefix %q = %v, %v", prefix, p, err)
		}
	}
}

func ExampleValidate() {
	terms := dnspolicy.Terms{Suffix: "sfu.example.com.", CoveredByWildcard: true}
	fmt.Println(dnspolicy.Validate(dnspolicy.PerAddress(dnspolicy.DashedIP()), terms))
	fmt.Println(dnspolicy.Validate(dnspolicy.PerAddress(dnspolicy.DottedIP()), terms))
	// Output:
	// <nil>
	// DottedIP gives names like "0.0.0.0", or longer ones: invalid DNS name: 0.0.0.0.sfu.example.com. is more than one label under sfu.example.com., so no wildcard certificate covers it
}

func ExampleTerms_Join() {
	terms := dnspolicy.Terms{Suffix: "sfu.example.com.", ToASCII: binder.ToASCII}
	fmt.Println(terms.Join("Straße"))
	// Output: xn--strae-oqa.sfu.example.com. <nil>
}

// byZone names a worker by its zone, "sfu-eu-central-1b", and needs the suffix to
// be short.
type byZone struct{ prefix string }

func (p byZone) Names(s dnspolicy.Subject) ([]string, error) {
	return []string{p.prefix + "-" + s.AvailabilityZone + "-" + s.InstanceID}, nil
}

func (p byZone) Validate(t dnspolicy.Terms) error {
	_, err := t.Join(p.prefix + "-eu-central-1a-i-0") // as short as it gets
	return err
}

// A policy of one's own that binder.New refuses if its prefix makes no name.
func ExampleValidator() {
	terms := dnspolicy.Terms{Suffix: "media.example.com."}
	fmt.Println(dnspolicy.Validate(byZone{"sfu"}, terms))
	fmt.Println(dnspolicy.Validate(byZone{"s_f_u"}, terms))
	// Output:
	// <nil>
	// invalid DNS name: "s_f_u-eu-central-1a-i-0.media.example.com.": label "s_f_u-eu-central-1a-i-0" has the character '_', which is neither letter, digit nor hyphen
}
