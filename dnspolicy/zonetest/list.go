package zonetest

import (
	"maps"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// pages is a number of record sets that no usual page size reaches.
const pages = 350

func listCases() []testCase {
	return []testCase{
		{Name: "list", Contract: "List yields all record sets of the zone.", Run: list},
		{Name: "list-many", Contract: "List yields all record sets of the zone, each once.", Run: listMany},
		{Name: "list-many-of-one-name", Contract: "List yields all record sets of the zone, each once.", Run: listManyOfOneName},
		{Name: "list-break", Contract: "Breaking off is fine.", Run: listBreak},
	}
}

// list returns what List yields, each of which must come once.
func (f Fixture) list(t tb) map[dnspolicy.RRKey]dnspolicy.RRSet {
	t.Helper()
	sets := map[dnspolicy.RRKey]dnspolicy.RRSet{}
	for set, err := range f.Zone.List(t.Context()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if _, ok := sets[set.RRKey]; ok {
			t.Fatalf("List yields %v twice", set.RRKey)
		}
		sets[set.RRKey] = set
	}
	return sets
}

func list(t tb, f Fixture) {
	before := f.list(t)
	set, old, gone := f.a("m", "192.0.2.1", "192.0.2.2"), f.a("old", "192.0.2.3"), f.a("gone", "192.0.2.4")
	f.apply(t, create([]dnspolicy.RRSet{set, old, gone})...)
	next := f.a("old", "192.0.2.5")
	f.apply(t, replace(old, next), dnspolicy.Delete(gone))
	want := maps.Clone(before)
	want[set.RRKey], want[next.RRKey] = set, next
	if got := f.list(t); !maps.EqualFunc(got, want, dnspolicy.RRSet.Equal) {
		t.Errorf("List yields %v, want %v", slices.Collect(maps.Values(got)), slices.Collect(maps.Values(want)))
	}
}

func listMany(t tb, f Fixture) {
	before := len(f.list(t))
	sets := f.many(pages)
	for part := range slices.Chunk(sets, 100) {
		f.apply(t, create(part)...)
	}
	got := f.list(t)
	for _, set := range sets {
		if !got[set.RRKey].Equal(set) {
			t.Errorf("List yields %v, want %v", got[set.RRKey], set)
			break
		}
	}
	if len(got) != before+pages {
		t.Errorf("List yields %d record sets, want %d", len(got), before+pages)
	}
}

// listManyOfOneName has record sets that only their set identifiers tell
// apart, where one page ends and the next begins as well.
func listManyOfOneName(t tb, f Fixture) {
	const perName = 90 // Route 53 allows 100
	before := len(f.list(t))
	want := before
	for _, label := range []string{"a", "b", "c", "d"} {
		var sets []dnspolicy.RRSet
		for n := range perName {
			set := f.a(label, "192.0.2.1")
			set.SetIdentifier = "set-" + string(rune('a'+n/26)) + string(rune('a'+n%26))
			sets = append(sets, set)
		}
		f.apply(t, create(sets)...)
		want += perName
	}
	if got := len(f.list(t)); got != want {
		t.Errorf("List yields %d record sets, want %d", got, want)
	}
}

func listBreak(t tb, f Fixture) {
	sets := f.many(3)
	f.apply(t, create(sets)...)
	for _, err := range f.Zone.List(t.Context()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		break
	}
	if got := f.list(t); len(got) < len(sets) {
		t.Errorf("List yields %d record sets after another was broken off, want at least %d", len(got), len(sets))
	}
}
