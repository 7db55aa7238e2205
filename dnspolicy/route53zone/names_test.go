package route53zone

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// FuzzNameEscapes takes any octets as a name: what Route 53 shows must come back to
// it as it was, and what the package makes of any text must not change any more.
func FuzzNameEscapes(f *testing.F) {
	for _, seed := range []string{
		"", "m.example.com.", "*.example.com.", `\052.example.com.`, `a\056b.example.com.`, `a\134b.example.com.`, `\134052.example.com.`,
		`\`, `\0`, `\05`, `\052`, `\400`, `\777`, `\08a`, `\\052`, "_a-b.example.com.", "ä.example.com.", "\x00\xff", `\000\377`, "a b.", "..",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shown := escapeAll(text)
		if got := encode(decode(shown)); got != shown {
			t.Errorf("Route 53 shows %q, which is %q here, and goes back as %q", shown, decode(shown), got)
		}
		once := decode(encode(text))
		if twice := decode(encode(once)); twice != once {
			t.Errorf("%q becomes %q, and that %q", text, once, twice)
		}
		for _, c := range []byte(encode(text)) {
			if !isPlain(c) && c != '\\' {
				t.Errorf("%q is sent as %q", text, encode(text))
			}
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r == '\\' }) {
			return
		}
		if got := decode(encode(text)); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

// escapeAll writes the octets of a name as Route 53 does, but for upper case, which it
// does not show.
func escapeAll(octets string) string {
	var b strings.Builder
	for _, c := range []byte(octets) {
		if isPlain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}

// TestByPosition has the order that the Route 53 API reference describes, with the
// dot after a label: a hyphen comes before it, everything else after.
func TestByPosition(t *testing.T) {
	want := []string{
		"com.", "example-a.com.", "b.example-a.com.", "example.com.", "0.example.com.", "a-.example.com.", "a.example.com.",
		"-.a.example.com.", "0.a.example.com.", "a.a.example.com.", "a0.example.com.", "a_.example.com.", "b.example.com.",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, byPosition)
	if !slices.Equal(got, want) {
		t.Errorf("order %q, want %q", got, want)
	}
}

func BenchmarkSplit(b *testing.B) {
	queue := make([]*call, 2*maxValues)
	for i := range queue {
		changes := benchmarkChanges(i)
		queue[i] = &call{ctx: b.Context(), changes: changes, size: sizeOf(changes)}
	}
	limit := size{maxValues, maxCharacters, defaultChangeBurst}
	b.ReportAllocs()
	for b.Loop() {
		calls, rest := split(queue, limit)
		if len(batch(changesOf(calls))) != maxValues || len(rest) != maxValues {
			b.Fatal("not a full request")
		}
	}
}

func benchmarkChanges(n int) []dnspolicy.Change {
	return []dnspolicy.Change{dnspolicy.Create(dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: fmt.Sprintf("media-%d.example.com.", n), Type: "A"},
		Values: []string{"203.0.113.7"},
	})}
}
