package fleettest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// callers is how many goroutines use a fleet at once.
const callers = 8

func callCases() []testCase {
	return []testCase{
		{Name: "cancelled", Contract: "Every error but a context's wraps its cause: a context's is passed on as it is.", Run: cancelled},
		{Name: "change-returned", Contract: "What fleets return shares no memory with their state.", Run: changeReturned},
		{Name: "concurrent", Contract: "Fleets are safe for concurrent use.", Run: concurrent},
	}
}

func cancelled(t tb, f Fixture) {
	id := f.launch(1)[0]
	done, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	for _, ctx := range []context.Context{done, late} {
		_, err := f.Fleet.Describe(ctx, id)
		checkEnded(t, "Describe", err, ctx.Err())
		err = nil
		for _, err = range f.Fleet.List(ctx) {
			continue // to the last
		}
		checkEnded(t, "List", err, ctx.Err())
	}
}

// checkEnded expects the error of a context that has ended, as it is.
func checkEnded(t tb, what string, err, want error) {
	t.Helper()
	if err != want { //nolint:errorlint // it must not be wrapped
		t.Errorf("%s ends with %v; want %v as it is", what, err, want)
	}
}

func changeReturned(t tb, f Fixture) {
	id := f.launch(1)[0]
	for call, i := range f.shown(t, id) {
		if len(i.Tags) == 0 {
			t.Fatalf("%s gives %+v without tags, but the fixture's eligible instances have some", call, i)
		}
		i.Tags["fleettest"] = "written by the caller"
		for next, i := range f.shown(t, id) {
			if _, ok := i.Tags["fleettest"]; ok {
				t.Errorf("what the caller writes into a result of %s shows up in one of %s", call, next)
			}
		}
	}
}

func concurrent(t tb, f Fixture) {
	ids := f.launch(few)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			found, err := f.Fleet.Describe(t.Context(), ids...)
			if got := sortedIDs(found); err != nil || !slices.Equal(got, ids) {
				t.Errorf("one of %d concurrent calls of Describe gives %v, %v; want %v", callers, got, err, ids)
			}
			found = nil
			for i, err := range f.Fleet.List(t.Context()) {
				if err != nil {
					t.Errorf("one of %d concurrent calls of List: %v", callers, err)
					return
				}
				found = append(found, i)
			}
			if got := sortedIDs(found); !slices.Equal(got, ids) {
				t.Errorf("one of %d concurrent calls of List yields %v, want %v", callers, got, ids)
			}
		})
	}
	wg.Wait()
}
