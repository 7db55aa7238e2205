package binder

import (
	"errors"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// FuzzNames looks for a policy's name, or a suffix, that ends in something else
// than an error or a name that every name server takes.
func FuzzNames(f *testing.F) {
	suffixes := []string{"media.example.com", "Medien.Müller.example.", "xn--mller-kva.example", "xn--a", "例え.テスト", ".", "", strings.Repeat("a.", 120) + "b"}
	names := []string{
		"i-0abc", "Straße", "sfü.Köln", "xn--strae-oqa", "XN--STRAE-OQA", "xn--strae-oqa-2", "xn--", "xn--a", "a。b", "a．b", "a｡b", "⒈com", "a..b", ".a", "a.", "",
		"-a", "ab--c", "ﬁ", "K", "\u00ad", "a\u200db", "\u0627\u0031", "שa", "ŉ", "ℝ", "𝔸", "ｘｎ－－a", "1ℵ", "aℵb", "\xff", "a\x00b", "*", "_a",
		strings.Repeat("ü", 58), strings.Repeat("a", 64), strings.Repeat("a.", 130) + "b",
	}
	for _, suffix := range suffixes {
		for _, name := range names {
			f.Add(name, suffix)
		}
	}
	f.Fuzz(func(t *testing.T, name, suffix string) {
		checkASCII(t, name)
		opts := Options{Suffix: suffix}
		if err := opts.resolveNames(nil); err != nil {
			return
		}
		checkHostName(t, opts.Suffix)
		b := &Binder{opts: opts}
		got, err := b.absolute(name)
		if err != nil {
			if got != "" || !errors.Is(err, dnspolicy.ErrInvalidName) {
				t.Errorf("absolute(%q) = %q, %v", name, got, err)
			}
			return
		}
		checkHostName(t, got)
		relative, below := strings.CutSuffix(got, "."+opts.Suffix)
		if !below || relative == "" || strings.Count(relative, ".") != strings.Count(name, ".") {
			t.Errorf("absolute(%q) = %q, which has other labels or is not below %q", name, got, opts.Suffix)
		}
		if again, err := b.absolute(relative); again != got || err != nil {
			t.Errorf("absolute(%q) = %q, but of %q it makes %q, %v", name, got, relative, again, err)
		}
	})
}

// checkASCII checks that ToASCII refuses the name, or makes one of it that it
// leaves as it is.
func checkASCII(t *testing.T, name string) {
	t.Helper()
	ascii, err := ToASCII(name)
	if err != nil {
		if ascii != "" || !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("ToASCII(%q) = %q, %v", name, ascii, err)
		}
		return
	}
	if strings.ContainsFunc(ascii, func(c rune) bool { return c >= 0x80 }) || strings.Count(ascii, ".") != strings.Count(name, ".") {
		t.Errorf("ToASCII(%q) = %q", name, ascii)
	}
	if again, err := ToASCII(ascii); again != ascii || err != nil {
		t.Errorf("ToASCII(%q) = %q, of which it makes %q, %v", name, ascii, again, err)
	}
}

// checkHostName checks a name in the form of RFC 1123.
func checkHostName(t *testing.T, name string) {
	t.Helper()
	labels, absolute := strings.CutSuffix(name, ".")
	if !absolute || len(name) > 254 {
		t.Errorf("%q is not absolute, or has more than 254 characters", name)
	}
	for label := range strings.SplitSeq(labels, ".") {
		odd := strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
		if n := len(label); n < 1 || n > 63 || odd || strings.Trim(label, "-") != label {
			t.Errorf("%q has the label %q", name, label)
		}
	}
}
