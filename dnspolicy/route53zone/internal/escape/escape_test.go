package escape_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy/route53zone/internal/escape"
)

// TestNames has names as Route 53 shows them, and as they are here.
func TestNames(t *testing.T) {
	for shown, name := range map[string]string{
		"":                    "",
		".":                   ".",
		"_a-B.0.example.com.": "_a-B.0.example.com.",
		`\052.example.com.`:   "*.example.com.",
		`a\040b.`:             "a b.",
		`\303\244.`:           "ä.",
		`\000\377`:            "\x00\xff",
		`a\056b.`:             `a\056b.`,
		`a\134b.`:             `a\134b.`,
		`a\134052.`:           `a\134052.`,
	} {
		if got := escape.Decode(shown); got != name {
			t.Errorf("Decode(%q) = %q, want %q", shown, got, name)
		}
		if got := escape.Encode(name); got != shown {
			t.Errorf("Encode(%q) = %q, want %q", name, got, shown)
		}
	}
}

// TestNoEscapes has backslashes that begin none.
func TestNoEscapes(t *testing.T) {
	for text, encoded := range map[string]string{
		`\`:    `\134`,
		`\05`:  `\13405`,
		`\400`: `\134400`,
		`\08a`: `\13408a`,
	} {
		if got := escape.Decode(text); got != text {
			t.Errorf("Decode(%q) = %q", text, got)
		}
		if got := escape.Encode(text); got != encoded {
			t.Errorf("Encode(%q) = %q, want %q", text, got, encoded)
		}
	}
}

// FuzzNameEscapes takes any octets as a name: what Route 53 shows must come back to
// it as it was, and what the package makes of any text must not change any more.
func FuzzNameEscapes(f *testing.F) {
	for _, seed := range []string{
		"", "m.example.com.", "*.example.com.", `\052.example.com.`, `a\056b.example.com.`, `a\134b.example.com.`, `\134052.example.com.`,
		`\`, `\0`, `\05`, `\052`, `\400`, `\777`, `\08a`, `\\052`, "_a-b.example.com.", "ä.example.com.", "\x00\xff", `\000\377`, "a b.", "..",
	} {
		f.Add(seed)
	}
	sent := regexp.MustCompile(`^([a-zA-Z0-9_.-]|\\[0-3][0-7][0-7])*\z`)
	f.Fuzz(func(t *testing.T, text string) {
		shown := escapeAll(text)
		if got := escape.Encode(escape.Decode(shown)); got != shown {
			t.Errorf("Route 53 shows %q, which is %q here, and goes back as %q", shown, escape.Decode(shown), got)
		}
		encoded := escape.Encode(text)
		if !sent.MatchString(encoded) {
			t.Errorf("%q is sent as %q", text, encoded)
		}
		once := escape.Decode(encoded)
		if twice := escape.Decode(escape.Encode(once)); twice != once {
			t.Errorf("%q becomes %q, and that %q", text, once, twice)
		}
		if !strings.Contains(text, `\`) && once != text {
			t.Errorf("%q becomes %q", text, once)
		}
	})
}

// escapeAll writes the octets of a name as Route 53 does, but for upper case, which it
// does not show.
func escapeAll(octets string) string {
	var b strings.Builder
	for _, c := range []byte(octets) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
