package pooltest

import (
	"context"
	"errors"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
)

func allocatorCases() []testCase {
	return []testCase{
		{Name: "allocate", Contract: "Allocate buys an address that belongs to the pool from the start, so that List shows it.", Run: allocate},
		{Name: "allocate-limit", Contract: "No more to be had: ErrLimit.", Run: allocateTooMany},
		{Name: "allocator-cancelled", Contract: "Every error but a context's wraps the cause.", Run: allocateCancelled},
		{Name: "release", Contract: "Release gives an address back for good.", Run: release},
		{Name: "release-again", Contract: "An address that does not exist is success.", Run: releaseAgain},
		{Name: "release-held", Contract: "An associated address is ErrInUse, and is left as it is.", Run: releaseHeld},
		{Name: "release-locked", Contract: "One whose reverse name is set is ErrLocked, and is left as it is.", Run: releaseLocked},
	}
}

func (f Fixture) allocator(t tb) eippool.Allocator {
	t.Helper()
	a, ok := f.Pool.(eippool.Allocator)
	if !ok {
		t.Skipf("the pool is no eippool.Allocator")
	}
	return a
}

func allocate(t tb, f Fixture) {
	allocator := f.allocator(t)
	ids := f.add(1)
	for range 2 {
		a, err := allocator.Allocate(t.Context())
		if err != nil {
			t.Fatalf("Allocate: %v", err)
		}
		if a.AllocationID == "" || !a.IP.Is4() || a.Associated() {
			t.Errorf("Allocate = %+v, want a free IPv4 address with an ID", a)
		}
		ids = append(ids, a.AllocationID)
	}
	slices.Sort(ids)
	if list := f.list(t); !slices.Equal(sortedIDs(list), ids) {
		t.Errorf("List = %v after two calls of Allocate, want %v", list, ids)
	}
}

func allocateTooMany(t tb, f Fixture) {
	allocator := f.allocator(t)
	if f.UseUp == nil {
		t.Skipf("the fixture has no UseUp")
	}
	f.UseUp()
	if a, err := allocator.Allocate(t.Context()); !errors.Is(err, eippool.ErrLimit) {
		t.Errorf("Allocate = %v, %v where nothing is to be had; want %v", a, err, eippool.ErrLimit)
	}
}

func allocateCancelled(t tb, f Fixture) {
	allocator, id := f.allocator(t), f.add(1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := allocator.Allocate(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Allocate with a cancelled context: %v; want %v", err, context.Canceled)
	}
	if err := allocator.Release(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("Release with a cancelled context: %v; want %v", err, context.Canceled)
	}
}

func release(t tb, f Fixture) {
	allocator, ids := f.allocator(t), f.add(2)
	if err := allocator.Release(t.Context(), ids[0]); err != nil {
		t.Fatalf("Release(%s): %v", ids[0], err)
	}
	if list := f.list(t); !slices.Equal(sortedIDs(list), ids[1:]) {
		t.Errorf("List = %v after Release(%s), want only %s", list, ids[0], ids[1])
	}
}

func releaseAgain(t tb, f Fixture) {
	allocator, id := f.allocator(t), f.add(1)[0]
	for range 2 {
		if err := allocator.Release(t.Context(), id); err != nil {
			t.Fatalf("Release(%s): %v", id, err)
		}
	}
}

func releaseHeld(t tb, f Fixture) {
	allocator, id := f.allocator(t), f.add(1)[0]
	f.associate(t, id, f.AddTarget("running"))
	if err := allocator.Release(t.Context(), id); !errors.Is(err, eippool.ErrInUse) {
		t.Errorf("Release of a held address: %v; want %v", err, eippool.ErrInUse)
	}
	if list := f.lookup(t, id); len(list) != 1 || !list[0].Associated() {
		t.Errorf("Lookup(%s) = %v after its Release was refused, want it associated", id, list)
	}
}

func releaseLocked(t tb, f Fixture) {
	allocator, namer, id := f.allocator(t), f.reverseNamer(t), f.add(1)[0]
	f.setReverseName(t, namer, id)
	if err := allocator.Release(t.Context(), id); !errors.Is(err, eippool.ErrLocked) {
		t.Errorf("Release of an address with a reverse name: %v; want %v", err, eippool.ErrLocked)
	}
	if list := f.lookup(t, id); len(list) != 1 {
		t.Errorf("Lookup(%s) = %v after its Release was refused", id, list)
	}
}
