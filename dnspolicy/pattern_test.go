package dnspolicy_test

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/idna"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// rich is a subject that has everything.
func rich() dnspolicy.Subject {
	return dnspolicy.Subject{
		Address: dnspolicy.Address{
			AllocationID: "eipalloc-7", IP: netip.MustParseAddr("203.0.113.7"),
			Tags: map[string]string{"slot": "sfu-007", "fqdn": "a.b", "empty": ""},
		},
		InstanceID: "i-0abc", AvailabilityZone: "eu-central-1b", InstanceType: "c7gn.2xlarge",
		PrivateIP: netip.MustParseAddr("10.0.1.7"),
		InstanceTags: map[string]string{
			"karpenter.sh/nodepool": "media", "team": "SIP_Edge", "Cost Center": "42", "a:b/c.d-e_f g": "odd", "city": "München",
			"fqdn": "a.b", "url": "a:b:c", "empty": "", "wild": "*", "low": "_", "bad utf-8": "\xff", "ideographic stop": "a。b",
		},
	}
}

func TestPattern(t *testing.T) {
	for pattern, want := range map[string]string{
		"{instance-id}":                                "i-0abc",
		"{zone}":                                       "eu-central-1b",
		"{instance-type}":                              "c7gn-2xlarge",
		"{private-ip}":                                 "10-0-1-7",
		"{tag:karpenter.sh/nodepool}":                  "media",
		"{tag:Cost Center}":                            "42",
		"{tag:a:b/c.d-e_f g}":                          "odd",
		"{tag:a:b/c.d-e_f g|cut:2}":                    "od",
		"{tag:city}":                                   "München",
		"{tag:city|cut:2}":                             "Mü",
		"{tag:city|cut:50}":                            "München",
		"{tag:city|lower|replace:ü:ue}":                "muenchen",
		"{tag:team|lower|cut:20|replace:_:-}":          "sip-edge",
		"{tag:team|cut:4|replace:_:}":                  "SIP",
		"{tag:url|replace:::-}":                        "a-b-c",
		"{tag:url|replace::b:|replace:::}":             "ac",
		"{tag:fqdn|replace:.:-}":                       "a-b",
		"{ip}":                                         "203-0-113-7",
		"{dotted-ip}":                                  "203.0.113.7",
		"{dotted-ip|replace:.:-}":                      "203-0-113-7",
		"{allocation-id}":                              "eipalloc-7",
		"{address-tag:slot}":                           "sfu-007",
		"{tag:karpenter.sh/nodepool}-{ip}":             "media-203-0-113-7",
		"sfu-{instance-id}.{zone}.Straße":              "sfu-i-0abc.eu-central-1b.Straße",
		"{ip}.{zone}":                                  "203-0-113-7.eu-central-1b",
		"{address-tag:slot|replace:sfu:x|replace:0:1}": "x-117",
	} {
		policy, err := dnspolicy.Pattern(pattern)
		if err != nil {
			t.Errorf("Pattern(%q): %v", pattern, err)
			continue
		}
		if got, err := policy.Names(rich()); err != nil || !slices.Equal(got, []string{want}) {
			t.Errorf("Pattern(%q).Names = %q, %v; want %q", pattern, got, err, want)
		}
		if _, err := policy.Names(dnspolicy.Subject{}); err == nil {
			t.Errorf("Pattern(%q) names a subject that has nothing", pattern)
		}
	}
}

func TestPatternRefusesValues(t *testing.T) {
	for pattern, want := range map[string]string{
		"{tag:none}":               `{tag:none}: instance i-0abc has no tag "none"`,
		"{tag:empty}":              `{tag:empty}: instance i-0abc has the tag "empty", but it is empty`,
		"{address-tag:none}":       `{address-tag:none}: address eipalloc-7 has no tag "none"`,
		"{address-tag:empty}":      `{address-tag:empty}: address eipalloc-7 has the tag "empty", but it is empty`,
		"x-{tag:fqdn}":             `{tag:fqdn}: the value "a.b" has the character '.'; it may have letters, digits and hyphens only`,
		"{address-tag:fqdn}":       "'.'",
		"{tag:wild}-{ip}":          "'*'",
		"{tag:bad utf-8}-{ip}":     "has the character",
		"{tag:ideographic stop}":   "'。'",
		"{tag:low|replace:_:}":     `{tag:low|replace:_:}: nothing is left of the value "_"`,
		"{tag:team}":               "'_'",
		"{tag:url|replace:a:b}":    "':'",
		"{dotted-ip|replace:0:}_x": "", // refused at once
	} {
		policy, err := dnspolicy.Pattern(pattern)
		if (err == nil) != (want != "") {
			t.Errorf("Pattern(%q): %v", pattern, err)
		}
		if err != nil {
			continue
		}
		if got, err := policy.Names(rich()); err == nil || !strings.Contains(err.Error(), want) || len(got) != 0 {
			t.Errorf("Pattern(%q).Names = %q, %v; want an error with %q", pattern, got, err, want)
		}
	}
}

func TestPatternLacksAnIPv4Address(t *testing.T) {
	for _, pattern := range []string{"{ip}", "{dotted-ip}", "{private-ip}"} {
		policy, err := dnspolicy.Pattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		s := rich()
		s.Address.IP, s.PrivateIP = netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("2001:db8::7")
		if got, err := policy.Names(s); err == nil || !strings.Contains(err.Error(), "2001:db8::7 is not an IPv4 address") {
			t.Errorf("Pattern(%q).Names with IPv6 = %q, %v", pattern, got, err)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                               "pattern is empty",
		"sfu":                            "no placeholder",
		"a{ip":                           `character 2: placeholder has no end: write a "}" after it`,
		"a{ip{zone}":                     "character 2: placeholder has no end",
		"ü}":                             `character 2: "}" without "{"`,
		"{ip}}":                          `character 5: "}" without "{"`,
		"{}":                             "character 1: there is no placeholder {}: use {instance-id}",
		"{name}":                         "there is no placeholder {name}",
		"{ip:4}":                         "there is no placeholder {ip:4}",
		"{ ip }":                         "there is no placeholder { ip }",
		"{tag}":                          "there is no placeholder {tag}",
		"{tag:}":                         "the tag's key is missing",
		"{tag:|lower}":                   "the tag's key is missing",
		"{address-tag:}":                 "the tag's key is missing",
		"{tag: team}":                    "begins or ends with a space: remove it",
		"{tag:team |lower}":              "begins or ends with a space: remove it",
		"{ip|}":                          `character 5: there is no function ""`,
		"{ip|upper}":                     `character 5: there is no function "upper": use lower, cut:N or replace:OLD:NEW`,
		"{ip|lower|upper}":               "character 11: there is no function",
		"{ip|lower:1}":                   "there is no function",
		"{ip| lower}":                    "there is no function",
		"{ip|cut}":                       `cut has ""`,
		"{ip|cut:0}":                     `cut has "0"`,
		"{ip|cut:-1}":                    `cut has "-1": write how many characters`,
		"{ip|cut:+1}":                    `cut has "+1"`,
		"{ip|cut:99999999999999}":        "cut has",
		"{ip|cut:1:2}":                   `cut has "1:2"`,
		"{ip|replace}":                   `replace has ""`,
		"{ip|replace:a}":                 `replace has "a": write what to replace`,
		"{ip|replace::b}":                `replace has ":b"`,
		"{ip|replace:-:.}":               "replace puts in '.', which is not allowed: use letters, digits and hyphens",
		"{ip|replace:-:_}":               "replace puts in '_'",
		"a_{ip}":                         "character 2: '_' is not allowed: use letters, digits, hyphens and dots",
		"*.{ip}":                         "character 1: '*' is not allowed",
		"ü {ip}":                         "character 2: ' ' is not allowed",
		"{ip}\xff":                       "character 5",
		"{ip}/..":                        "'/' is not allowed",
		".{ip}":                          "character 1: empty label: remove a dot",
		"{ip}.":                          "character 6: empty label",
		"{ip}..a":                        "character 6: empty label",
		"-{ip}":                          "character 1: label begins or ends with a hyphen",
		"{ip}-":                          "begins or ends with a hyphen",
		"a.{ip}-.b":                      "character 3: label begins or ends with a hyphen",
		"{ip}.-a":                        "begins or ends with a hyphen",
		strings.Repeat("a", 63) + "{ip}": "label has at least 64 characters, more than 63",
	} {
		policy, err := dnspolicy.Pattern(pattern)
		if !errors.Is(err, dnspolicy.ErrInvalid) || !strings.Contains(err.Error(), want) || policy != nil {
			t.Errorf("Pattern(%q) = %v, %v; want ErrInvalid with %q", pattern, policy, err, want)
		}
	}
}

func TestPatternTellsByItsTypeWhetherItIsPerAddress(t *testing.T) {
	for pattern, want := range map[string]bool{
		"{ip}": true, "sfu-{address-tag:slot|lower}": true, "{dotted-ip}": true, "{allocation-id}.{ip}": true,
		"{ip}-{instance-id}": false, "{ip}-{tag:team}": false, "{ip}-{zone}": false, "{ip}-{instance-type}": false, "{ip}-{private-ip}": false,
	} {
		policy, err := dnspolicy.Pattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := policy.(dnspolicy.PerAddressPolicy); got != want {
			t.Errorf("Pattern(%q) is per address: %t, want %t", pattern, got, want)
		}
		addresses, err := dnspolicy.AddressPattern(pattern)
		if (err == nil) != want || (addresses != nil) != want {
			t.Errorf("AddressPattern(%q) = %v, %v", pattern, addresses, err)
		}
		if !want && (!errors.Is(err, dnspolicy.ErrInvalid) || !strings.Contains(err.Error(), "is of the instance")) {
			t.Errorf("AddressPattern(%q): %v", pattern, err)
		}
	}
	if _, err := dnspolicy.AddressPattern("sfu"); !errors.Is(err, dnspolicy.ErrInvalid) {
		t.Errorf("AddressPattern without placeholder: %v", err)
	}
}

// TestNoCharacterOfALabelBecomesADot checks that conversion to A-labels, which
// comes after the policy, cannot add labels either.
func TestNoCharacterOfALabelBecomesADot(t *testing.T) {
	policy, err := dnspolicy.Pattern("{tag:t}")
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	// ideographs, syllables, and planes without characters
	alike := map[rune]rune{0x3400: 0xa000, 0xac00: 0xd7b0, 0x17000: 0x18d80, 0x20000: 0x2f800, 0x32400: 0xe0000}
	for c := rune(0); c < 0xe0200; c++ {
		if next, ok := alike[c]; ok {
			c = next
		}
		s := dnspolicy.Subject{InstanceTags: map[string]string{"t": "a" + string(c) + "b"}}
		names, err := policy.Names(s)
		if err != nil {
			continue
		}
		passed++
		if ascii, err := idna.Lookup.ToASCII(names[0]); err == nil && strings.Contains(ascii, ".") {
			t.Errorf("%U %q becomes %q", c, c, ascii)
		}
	}
	if passed < 10_000 {
		t.Errorf("only %d characters are allowed", passed)
	}
}

func FuzzPattern(f *testing.F) {
	for _, pattern := range []string{
		"{tag:a}-{ip}", "{tag:team|lower|cut:20|replace:_:-}", "{address-tag:a|replace:::-}", "{dotted-ip|cut:4}.x", "{instance-id}.{zone}",
		"{", "}", "{}", "{tag:}", "{ip|}", "{ip|cut:65536}", "{ip|replace::}", "-{ip}", "ß.{ip}", "{tag:a}{tag:a}", "\xff{ip}",
	} {
		for _, value := range []string{"media", "a.b", "*", "../x", "a\nb", "evil.example.org.", "Straße", "xn--a", "", "\xff", strings.Repeat("x", 300)} {
			f.Add(pattern, value)
		}
	}
	const suffix = "sfu.example.com."
	f.Fuzz(func(t *testing.T, pattern, value string) {
		policy, err := dnspolicy.Pattern(pattern)
		if err != nil {
			if !errors.Is(err, dnspolicy.ErrInvalid) {
				t.Errorf("Pattern(%q): %v is not ErrInvalid", pattern, err)
			}
			return
		}
		s := tagged(pattern, value)
		before := dnspolicy.Subject{InstanceTags: maps.Clone(s.InstanceTags)}
		names, err := policy.Names(s)
		if (err == nil) != (len(names) == 1) || !maps.Equal(s.InstanceTags, before.InstanceTags) {
			t.Fatalf("Pattern(%q) with %q = %q, %v", pattern, value, names, err)
		}
		if again, _ := policy.Names(s); !slices.Equal(again, names) {
			t.Errorf("Pattern(%q) with %q = %q, then %q", pattern, value, names, again)
		}
		checkPerAddress(t, pattern, policy, s, names)
		if err != nil {
			return
		}
		if dots := strings.Count(names[0], "."); dots > mostDots(pattern) {
			t.Errorf("Pattern(%q) with %q = %q: the value adds labels", pattern, value, names[0])
		}
		checkAbsolute(t, names[0], suffix)
	})
}

// tagged is a subject with the value in each tag that the pattern names.
func tagged(pattern, value string) dnspolicy.Subject {
	s := rich()
	for _, after := range strings.Split(pattern, "tag:")[1:] {
		key, _, _ := strings.Cut(after, "}")
		key, _, _ = strings.Cut(key, "|")
		s.InstanceTags[key], s.Address.Tags[key] = value, value
	}
	return s
}

// mostDots is how many dots a pattern's names may have at most.
func mostDots(pattern string) int {
	dots := 3 * strings.Count(pattern, "{dotted-ip")
	for literal := range strings.SplitSeq(pattern, "}") {
		literal, _, _ = strings.Cut(literal, "{")
		dots += strings.Count(literal, ".")
	}
	return dots
}

// checkPerAddress checks that the type and the names agree.
func checkPerAddress(t *testing.T, pattern string, policy dnspolicy.Policy, s dnspolicy.Subject, names []string) {
	t.Helper()
	if _, ok := policy.(dnspolicy.PerAddressPolicy); !ok {
		return
	}
	if got, _ := policy.Names(dnspolicy.Subject{Address: s.Address}); !slices.Equal(got, names) {
		t.Errorf("Pattern(%q) is per address, but names %q with, and %q without the instance", pattern, names, got)
	}
}

// checkAbsolute checks that Join refuses the name, or makes one of it that is
// right in all respects.
func checkAbsolute(t *testing.T, name, suffix string) {
	t.Helper()
	got, err := dnspolicy.Join(name, suffix)
	if err != nil {
		if got != "" || !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("Join(%q) = %q, %v", name, got, err)
		}
		return
	}
	if relative, below := strings.CutSuffix(got, "."+suffix); !below || relative == "" || !strings.EqualFold(relative, name) {
		t.Errorf("Join(%q, %q) = %q", name, suffix, got)
	}
	checkWellFormed(t, got)
}

func checkWellFormed(t *testing.T, name string) {
	t.Helper()
	labels, absolute := strings.CutSuffix(name, ".")
	if !absolute || len(name) > 254 || name != strings.ToLower(name) {
		t.Errorf("%q is not absolute, too long, or not lower case", name)
	}
	for label := range strings.SplitSeq(labels, ".") {
		if n := len(label); n < 1 || n > 63 || strings.Trim(label, "-") != label || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%q has the label %q", name, label)
		}
	}
}

func ExamplePattern() {
	policy, err := dnspolicy.Pattern("{tag:karpenter.sh/nodepool|lower|cut:20|replace:_:-}-{ip}")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Names(subject))
	fmt.Println(policy.Names(dnspolicy.Subject{InstanceID: "i-0def"}))
	_, err = dnspolicy.Pattern("{tag:team|shorten:20}-{ip}")
	fmt.Println(err)
	// Output:
	// [media-203-0-113-7] <nil>
	// [] {tag:karpenter.sh/nodepool|lower|cut:20|replace:_:-}: instance i-0def has no tag "karpenter.sh/nodepool"
	// invalid request: pattern "{tag:team|shorten:20}-{ip}", character 11: there is no function "shorten:20": use lower, cut:N or replace:OLD:NEW
}

func ExampleAddressPattern() {
	policy, err := dnspolicy.AddressPattern("sfu-{ip}")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Names(subject.Address))
	// Output: [sfu-203-0-113-7] <nil>
}
