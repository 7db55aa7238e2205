package zonetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// contenders is how many goroutines race.
const contenders = 8

func raceCases() []testCase {
	return []testCase{
		{Name: "race-to-create", Contract: "Create: no record set of this key may exist. Nothing is ever overwritten.", Run: raceToCreate},
		{Name: "race-to-replace", Contract: "Replace: the record set must be exactly before. Nothing is ever overwritten.", Run: raceToReplace},
	}
}

func raceToCreate(t tb, f Fixture) {
	f.race(t, func(own dnspolicy.RRSet) dnspolicy.Change { return dnspolicy.Create(own) })
}

func raceToReplace(t tb, f Fixture) {
	before := f.a("m", "192.0.2.100")
	f.apply(t, dnspolicy.Create(before))
	f.race(t, func(own dnspolicy.RRSet) dnspolicy.Change { return replace(before, own) })
}

// race applies one change for each contender, concurrently. Exactly one must
// win, and the zone must hold what it wrote.
func (f Fixture) race(t tb, change func(own dnspolicy.RRSet) dnspolicy.Change) {
	t.Helper()
	own := func(n int) dnspolicy.RRSet { return f.a("m", fmt.Sprintf("192.0.2.%d", n)) }
	errs := make([]error, contenders)
	var wg sync.WaitGroup
	for n := range contenders {
		wg.Go(func() { _, errs[n] = f.Zone.Apply(t.Context(), []dnspolicy.Change{change(own(n))}) })
	}
	wg.Wait()
	var won []int
	for n, err := range errs {
		if err == nil {
			won = append(won, n)
		} else if !errors.Is(err, dnspolicy.ErrConflict) {
			t.Errorf("a loser's Apply: %v; want %v", err, dnspolicy.ErrConflict)
		}
	}
	if len(won) != 1 {
		t.Fatalf("%d of %d contenders won, want one", len(won), contenders)
	}
	winner := own(won[0])
	f.holds(t, winner.RRKey, &winner)
}
