package dnspolicy_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// nameOf returns an absolute name of n characters.
func nameOf(n int) string {
	return strings.Repeat("a.", n/2-1) + strings.Repeat("a", 1+n%2) + "."
}

func TestCheckName(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"example.com.":                "example.com.",
		"Media-1.Example.COM.":        "media-1.example.com.",
		"1.2.3.4.":                    "1.2.3.4.",
		"a--b.":                       "a--b.",
		"com.":                        "com.",
		label63 + ".":                 label63 + ".",
		nameOf(254):                   nameOf(254),
		"":                            "",
		".":                           "",
		"example.com":                 "",
		"example..com.":               "",
		".example.com.":               "",
		"example.com..":               "",
		"-a.example.com.":             "",
		"a-.example.com.":             "",
		"-.example.com.":              "",
		"a_b.example.com.":            "",
		"*.example.com.":              "",
		"a b.example.com.":            "",
		"a\\.b.example.com.":          "",
		"a/b.example.com.":            "",
		"a\x00b.example.com.":         "",
		"a\n.example.com.":            "",
		"b\u00fccher.example.com.":    "",
		"\u212aelvin.example.com.":    "", // lower case would make an ASCII k of it
		label63 + "a.":                "",
		nameOf(255):                   "",
		"example.com.\n":              "",
		"example.com. ":               "",
		"xn--bcher-kva.example.com.":  "xn--bcher-kva.example.com.",
		"ip-203-0-113-7.example.com.": "ip-203-0-113-7.example.com.",
	} {
		got, err := dnspolicy.CheckName(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("CheckName(%q) = %q, %v; want %q", name, got, err, want)
		}
		if err != nil && !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("CheckName(%q): %v is not ErrInvalidName", name, err)
		}
	}
}

func TestNameOf(t *testing.T) {
	for _, n := range []int{254, 255} {
		if got := len(nameOf(n)); got != n {
			t.Fatalf("nameOf(%d) has %d characters", n, got)
		}
	}
}

func TestJoin(t *testing.T) {
	const suffix = "media.example.com."
	for name, want := range map[string]string{
		"i-0abc":          "i-0abc.media.example.com.",
		"203.0.113.7":     "203.0.113.7.media.example.com.",
		"I-0ABC":          "i-0abc.media.example.com.",
		"":                "", // the suffix is nobody's name
		".":               "",
		"i-0abc.":         "",
		"evil.com.":       "",
		".i-0abc":         "",
		"a..b":            "",
		"a b":             "",
		"a.*":             "",
		"@":               "",
		"evil.com.\nmore": "",
	} {
		got, err := dnspolicy.Join(name, suffix)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Join(%q) = %q, %v; want %q", name, got, err, want)
		}
		if err != nil && !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("Join(%q): %v is not ErrInvalidName", name, err)
		}
	}
	for _, wrong := range []string{"example.com", ".", ".example.com.", "exa mple.com."} {
		if got, err := dnspolicy.Join("i-0abc", wrong); err == nil {
			t.Errorf("Join with the suffix %q = %q", wrong, got)
		}
	}
	if got, err := dnspolicy.Join(nameOf(254)[:253], suffix); err == nil {
		t.Errorf("Join made a name of %d characters", len(got))
	}
}

// FuzzJoin looks for a name that leaves the suffix, or is malformed.
func FuzzJoin(f *testing.F) {
	for _, suffix := range []string{"media.example.com.", "example.com", ".", "Sfu.Example.", "-.", nameOf(200)} {
		for _, name := range []string{"i-0abc", "", ".", "evil.com.", "a..b", "A", "\\.", "*", "\u212a", "stra\u00dfe", strings.Repeat("a", 64)} {
			f.Add(name, suffix)
		}
	}
	f.Fuzz(func(t *testing.T, name, suffix string) {
		lower, err := dnspolicy.CheckName(suffix)
		if err != nil {
			if got, err := dnspolicy.Join(name, suffix); got != "" || !errors.Is(err, dnspolicy.ErrInvalidName) {
				t.Errorf("Join(%q, %q) = %q, %v", name, suffix, got, err)
			}
			return
		}
		checkAbsolute(t, name, lower)
		got, err := dnspolicy.Join(name, suffix)
		if err != nil {
			return
		}
		if got == lower || !dnspolicy.Contains(lower, got) {
			t.Errorf("Join(%q) = %q, which is not below %q", name, got, lower)
		}
		if again, err := dnspolicy.CheckName(got); again != got || err != nil {
			t.Errorf("CheckName(%q) = %q, %v: Join's results must be fixed points", got, again, err)
		}
		if covered := dnspolicy.CoveredByWildcard(lower, got); covered == strings.Contains(name, ".") {
			t.Errorf("CoveredByWildcard(%q, %q) = %t", lower, got, covered)
		}
	})
}

// FuzzCheckName looks for a malformed name that is accepted, and for a well
// formed one that is not.
func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"example.com.", "", ".", "a..b.", "A.", "-a.", "a-.", "*.a.", "\xff.", "\u212a.", nameOf(254), nameOf(255)} {
		f.Add(name)
	}
	wellFormed := regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+\z`)
	f.Fuzz(func(t *testing.T, name string) {
		got, err := dnspolicy.CheckName(name)
		if want := len(name) <= 254 && wellFormed.MatchString(name); want != (err == nil) {
			t.Fatalf("CheckName(%q) = %q, %v", name, got, err)
		}
		if err != nil {
			if got != "" || !errors.Is(err, dnspolicy.ErrInvalidName) {
				t.Errorf("CheckName(%q) = %q, %v", name, got, err)
			}
			return
		}
		checkWellFormed(t, got)
		if again, err := dnspolicy.CheckName(got); again != got || err != nil || !strings.EqualFold(got, name) {
			t.Errorf("CheckName(%q) = %q, of which it makes %q, %v", name, got, again, err)
		}
	})
}

func TestCoveredByWildcard(t *testing.T) {
	for name, want := range map[string]bool{
		"i-0abc.example.com.":      true,
		"203.0.113.7.example.com.": false,
		"example.com.":             false,
		".example.com.":            false,
		"badexample.com.":          false,
		"i-0abc.example.org.":      false,
	} {
		if got := dnspolicy.CoveredByWildcard("example.com.", name); got != want {
			t.Errorf("CoveredByWildcard(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestContains(t *testing.T) {
	for _, test := range []struct {
		zone, name string
		want       bool
	}{
		{"example.com.", "example.com.", true},
		{"example.com.", "a.example.com.", true},
		{"example.com.", "a.b.example.com.", true},
		{"example.com.", "badexample.com.", false},
		{"example.com.", "com.", false},
		{"example.com.", "example.com", false},
		{"example.com.", "", false},
		{"a.example.com.", "example.com.", false},
	} {
		if got := dnspolicy.Contains(test.zone, test.name); got != test.want {
			t.Errorf("Contains(%q, %q) = %t, want %t", test.zone, test.name, got, test.want)
		}
	}
}
