package fleettest

import (
	"context"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
)

func listCases() []testCase {
	return []testCase{
		{Name: "list-empty", Contract: "List yields the eligible instances: of none, nothing and no error.", Run: listEmpty},
		{Name: "list-eligible", Contract: "List yields the eligible instances.", Run: listEligible},
		{Name: "list-states", Contract: "List yields the eligible instances in whatever state.", Run: listStates},
		{Name: "list-many", Contract: "List yields the eligible instances, each once; what is not all of them ends with an error.", Run: listMany},
		{Name: "list-break-off", Contract: "List: breaking off is fine.", Run: listBreakOff},
		{Name: "list-cancelled", Contract: "List: an error ends the sequence; what came before it is then not all.", Run: listCancelled},
	}
}

func listEmpty(t tb, f Fixture) {
	if found := f.list(t); len(found) != 0 {
		t.Errorf("List of an empty fleet yields %+v", found)
	}
}

func listEligible(t tb, f Fixture) {
	ids := f.launch(2)
	for range 3 {
		f.Launch(binder.Running, false)
	}
	found := f.list(t)
	if got := sortedIDs(found); !slices.Equal(got, ids) {
		t.Errorf("List yields %v, want the eligible ones, %v", got, ids)
	}
	for _, i := range found {
		if !i.Eligible {
			t.Errorf("List yields %+v, which does not say that it is eligible", i)
		}
	}
}

func listStates(t tb, f Fixture) {
	for _, state := range f.states() {
		id := f.Launch(state, true).ID
		if got := sortedIDs(f.list(t)); !slices.Contains(got, id) {
			t.Errorf("List yields %v, but not %s, which is %s", got, id, state)
		}
	}
}

func listMany(t tb, f Fixture) {
	ids := f.launch(many)
	if got := sortedIDs(f.list(t)); !slices.Equal(got, ids) {
		t.Errorf("List yields %d instances, want the %d eligible ones, each once", len(got), len(ids))
	}
}

func listBreakOff(t tb, f Fixture) {
	ids, yielded := f.launch(few), 0
	// A range statement would panic where the sequence goes on.
	f.Fleet.List(t.Context())(func(_ binder.Instance, err error) bool {
		if err != nil {
			t.Errorf("List, after %d instances: %v", yielded, err)
		}
		yielded++
		return false
	})
	if yielded != 1 {
		t.Errorf("List yields %d times, want no more after the first, with which it is broken off", yielded)
	}
	if got := sortedIDs(f.list(t)); !slices.Equal(got, ids) {
		t.Errorf("List yields %v after another was broken off, want %v", got, ids)
	}
}

// listCancelled leaves it open how soon a cancellation shows, but not what
// comes of it: all instances, or an error at last.
func listCancelled(t tb, f Fixture) {
	ids := f.launch(few)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []string
	var ended error
	f.Fleet.List(ctx)(func(i binder.Instance, err error) bool {
		cancel()
		if ended != nil {
			t.Errorf("List yields %+v, %v after the error %v", i, err, ended)
		}
		if ended = err; err == nil {
			got = append(got, i.ID)
		}
		return true
	})
	if slices.Sort(got); ended == nil && !slices.Equal(got, ids) {
		t.Errorf("List, cancelled at the first instance, yields %v without an error, want all of %v or an error", got, ids)
	}
	if ended != nil {
		checkEnded(t, "List, cancelled at the first instance,", ended, context.Canceled)
	}
}
