package pooltest

import (
	"errors"
	"sync"

	"github.com/eipbinder/eipbinder/eippool"
)

// contenders is how many goroutines race.
const contenders = 8

func raceCases() []testCase {
	return []testCase{
		{Name: "race-for-address", Contract: "It never takes an address from another target.", Run: raceForAddress},
		{Name: "race-for-target", Contract: "It never displaces an address that the target holds.", Run: raceForTarget},
		{Name: "race-to-disassociate", Contract: "An association that does not exist any more is success.", Run: raceToDisassociate},
	}
}

// attempt is what one of several concurrent calls of Associate came to.
type attempt struct {
	allocationID, associationID string
	err                         error
}

// race calls Associate concurrently for all pairs of an address and a target,
// and returns the attempts that succeeded. The others must have failed as want.
func (f Fixture) race(t tb, ids []string, targets []eippool.Target, want error) []attempt {
	t.Helper()
	results := make(chan attempt, len(ids)*len(targets))
	var wg sync.WaitGroup
	for _, id := range ids {
		for _, target := range targets {
			wg.Go(func() {
				associationID, err := f.Pool.Associate(t.Context(), id, target)
				results <- attempt{id, associationID, err}
			})
		}
	}
	wg.Wait()
	close(results)
	var won []attempt
	for a := range results {
		if a.err == nil {
			won = append(won, a)
		} else if !errors.Is(a.err, want) {
			t.Errorf("a loser's Associate(%s): %v; want %v", a.allocationID, a.err, want)
		}
	}
	return won
}

func raceForAddress(t tb, f Fixture) {
	ids := f.add(1)
	won := f.race(t, ids, f.running(contenders), eippool.ErrInUse)
	if len(won) != 1 {
		t.Fatalf("%d of %d targets got the address %s, want one", len(won), contenders, ids[0])
	}
	if !f.get(t, ids[0]).Associated() {
		t.Errorf("nobody holds %s, though one Associate succeeded", ids[0])
	}
}

// raceForTarget is about the calls of one process: Amazon EC2 displaces, so a
// pool on it can look first, but nothing keeps another process from
// associating in between. There the store's reservation does.
func raceForTarget(t tb, f Fixture) {
	ids := f.add(contenders)
	won := f.race(t, ids, f.running(1), eippool.ErrOccupied)
	if len(won) != 1 {
		t.Fatalf("%d of %d addresses were given to one target, want one", len(won), contenders)
	}
	for _, a := range f.lookup(t, ids...) {
		if winner := a.AllocationID == won[0].allocationID; a.Associated() != winner {
			t.Errorf("%v is associated: %t, want %t", a, a.Associated(), winner)
		}
	}
}

func raceToDisassociate(t tb, f Fixture) {
	associationID := f.associate(t, f.add(1)[0], f.AddTarget("running"))
	errs := make(chan error, contenders)
	var wg sync.WaitGroup
	for range contenders {
		wg.Go(func() { errs <- f.Pool.Disassociate(t.Context(), associationID) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("one of %d concurrent calls of Disassociate: %v", contenders, err)
		}
	}
}
