package fleettest

import (
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/binder"
)

func describeCases() []testCase {
	return []testCase{
		{Name: "describe-nothing", Contract: "Describe: without IDs the result is empty.", Run: describeNothing},
		{Name: "describe-absent", Contract: "Describe: IDs that are not known are left out.", Run: describeAbsent},
		{Name: "describe-malformed", Contract: "Describe: malformed IDs are left out, too.", Run: describeMalformed},
		{Name: "describe-each-once", Contract: "Describe returns the instances of these IDs, each once.", Run: describeTwice},
		{Name: "describe-ineligible", Contract: "Describe returns the instances of these IDs, eligible or not.", Run: describeIneligible},
		{Name: "describe-many", Contract: "Describe: a result that is not whole is an error.", Run: describeMany},
	}
}

func describeNothing(t tb, f Fixture) {
	f.launch(1)
	if found := f.describe(t); len(found) != 0 {
		t.Errorf("Describe() = %+v, want nothing", found)
	}
}

// absentID has the shape of an instance ID, so that only its absence can be the
// matter with it.
const absentID = "i-0123456789abcdef0"

func describeAbsent(t tb, f Fixture) {
	checkLeftOut(t, f, f.launch(1)[0], absentID)
}

func describeMalformed(t tb, f Fixture) {
	id := f.launch(1)[0]
	allButLast := id[:len(id)-1]
	for _, malformed := range []string{
		"", " ", "i-", "malformed", "I am no instance", "i-" + strings.Repeat("0", 300), id + "," + id,
		"*", "i-*", allButLast + "*", allButLast + "?", // what others select by
	} {
		checkLeftOut(t, f, id, malformed)
	}
}

// checkLeftOut expects nothing of the one ID, beside the known one and alone.
func checkLeftOut(t tb, f Fixture, known, leftOut string) {
	t.Helper()
	for _, ids := range [][]string{{leftOut, known}, {leftOut}} {
		found, err := f.Fleet.Describe(t.Context(), ids...)
		if got := sortedIDs(found); err != nil || !slices.Equal(got, ids[1:]) {
			t.Errorf("Describe(%q) gives %q, %v; want %q", ids, got, err, ids[1:])
		}
	}
}

func describeTwice(t tb, f Fixture) {
	ids := f.launch(2)
	if got := sortedIDs(f.describe(t, ids[0], ids[1], ids[0], ids[0])); !slices.Equal(got, ids) {
		t.Errorf("Describe gives %v for %v and the first twice more, want each once", got, ids)
	}
}

func describeIneligible(t tb, f Fixture) {
	for _, eligible := range []bool{true, false, false, false} {
		if i := f.get(t, f.Launch(binder.Running, eligible).ID); i.Eligible != eligible {
			t.Errorf("Describe gives %+v, want it eligible: %t", i, eligible)
		}
	}
}

func describeMany(t tb, f Fixture) {
	ids := f.launch(many)
	if got := sortedIDs(f.describe(t, ids...)); !slices.Equal(got, ids) {
		t.Errorf("Describe gives %d instances, want the %d that were asked for, each once", len(got), len(ids))
	}
}
