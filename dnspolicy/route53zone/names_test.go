package route53zone

import (
	"fmt"
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

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
