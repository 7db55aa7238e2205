package pooltest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/eippool"
)

func batchCases() []testCase {
	return []testCase{
		{Name: "batch-occupied", Contract: "Of calls of one process that would give a target two addresses, one wins, whatever their batches have seen.", Run: batchOccupied},
		{Name: "batch-vacated", Contract: "It may not remember that an interface holds something, which may have gone since.", Run: batchVacated},
		{Name: "batch-read", Contract: "Nor answer List or Lookup from what it remembers.", Run: batchRead},
	}
}

// associateIn is Associate within a batch.
func (f Fixture) associateIn(batch context.Context, t tb, allocationID string, target eippool.Target, want error) {
	t.Helper()
	if _, err := f.Pool.Associate(batch, allocationID, target); !errors.Is(err, want) {
		t.Errorf("Associate(%s, %v) within a batch: %v, want %v", allocationID, target, err, want)
	}
}

func batchOccupied(t tb, f Fixture) {
	ids, targets := f.add(4), f.running(2)
	older, newer := eippool.WithBatch(t.Context()), eippool.WithBatch(t.Context())
	f.associateIn(older, t, ids[0], targets[0], nil) // with a look of its own, perhaps
	f.associate(t, ids[1], targets[1])
	for _, batch := range []context.Context{older, newer} {
		f.associateIn(batch, t, ids[2], targets[0], eippool.ErrOccupied)
		f.associateIn(batch, t, ids[3], targets[1], eippool.ErrOccupied)
	}
}

func batchVacated(t tb, f Fixture) {
	ids, target, batch := f.add(2), f.AddTarget("running"), eippool.WithBatch(t.Context())
	held := f.associate(t, ids[0], target)
	f.associateIn(batch, t, ids[1], target, eippool.ErrOccupied)
	f.disassociate(t, held)
	f.associateIn(batch, t, ids[1], target, nil)
}

func batchRead(t tb, f Fixture) {
	id, batch := f.add(1)[0], eippool.WithBatch(t.Context())
	list := func(want int) {
		if got, err := f.Pool.List(batch); err != nil || len(got) != want {
			t.Errorf("List of %d addresses within a batch: %v, %v", want, got, err)
		}
	}
	lookup := func(associated bool) {
		if got, err := f.Pool.Lookup(batch, id); err != nil || len(got) != 1 || got[0].Associated() != associated {
			t.Errorf("Lookup within a batch, associated %t: %v, %v", associated, got, err)
		}
	}
	list(1)
	lookup(false)
	f.add(1)
	list(2)
	f.associate(t, id, f.AddTarget("running"))
	lookup(true)
}
