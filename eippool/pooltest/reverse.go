package pooltest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/eippool"
)

func reverseCases() []testCase {
	return []testCase{
		{Name: "reverse-set", Contract: "Setting the name that it has is success; another one is replaced.", Run: setReverseName},
		{Name: "reverse-set-absent", Contract: "SetReverseName: no such address: ErrNotFound.", Run: setReverseNameAbsent},
		{Name: "reverse-set-without-forward", Contract: "The forward A record must exist before: ErrInvalid if the implementation sees that it does not.", Run: setReverseNameTooEarly},
		{Name: "reverse-clear", Contract: "ClearReverseName removes the reverse name.", Run: clearReverseName},
		{Name: "reverse-clear-none", Contract: "No name is success.", Run: clearNoReverseName},
		{Name: "reverse-clear-absent", Contract: "ClearReverseName: no such address: ErrNotFound.", Run: clearReverseNameAbsent},
		{Name: "reverse-cancelled", Contract: "Every error but a context's wraps the cause.", Run: reverseCancelled},
	}
}

func (f Fixture) reverseNamer(t tb) eippool.ReverseNamer {
	t.Helper()
	n, ok := f.Pool.(eippool.ReverseNamer)
	if !ok {
		t.Skipf("the pool is no eippool.ReverseNamer")
	}
	return n
}

func (f Fixture) setReverseName(t tb, namer eippool.ReverseNamer, id string) (name string) {
	t.Helper()
	name = "pooltest.example.com."
	if f.Forward != nil {
		name = f.Forward(id)
	}
	if err := namer.SetReverseName(t.Context(), id, name); err != nil {
		t.Fatalf("SetReverseName(%s, %s): %v", id, name, err)
	}
	return name
}

func setReverseName(t tb, f Fixture) {
	namer, id := f.reverseNamer(t), f.add(1)[0]
	name := f.setReverseName(t, namer, id)
	if err := namer.SetReverseName(t.Context(), id, name); err != nil {
		t.Errorf("SetReverseName of the name that it has: %v", err)
	}
	if f.Forward == nil {
		name = "another." + name
	} else {
		name = f.Forward(id)
	}
	if err := namer.SetReverseName(t.Context(), id, name); err != nil {
		t.Errorf("SetReverseName of another name: %v", err)
	}
}

func setReverseNameTooEarly(t tb, f Fixture) {
	namer, id := f.reverseNamer(t), f.add(1)[0]
	if f.Forward == nil {
		t.Skipf("the fixture has no Forward")
	}
	if err := namer.SetReverseName(t.Context(), id, "pooltest.example.com."); !errors.Is(err, eippool.ErrInvalid) {
		t.Errorf("SetReverseName of a name without forward record: %v; want %v", err, eippool.ErrInvalid)
	}
}

func setReverseNameAbsent(t tb, f Fixture) {
	err := f.reverseNamer(t).SetReverseName(t.Context(), absentID, "pooltest.example.com.")
	if !errors.Is(err, eippool.ErrNotFound) {
		t.Errorf("SetReverseName of an absent address: %v; want %v", err, eippool.ErrNotFound)
	}
}

// clearReverseName sees the effect by the lock that the name was.
func clearReverseName(t tb, f Fixture) {
	namer, id := f.reverseNamer(t), f.add(1)[0]
	f.setReverseName(t, namer, id)
	if err := namer.ClearReverseName(t.Context(), id); err != nil {
		t.Fatalf("ClearReverseName(%s): %v", id, err)
	}
	if err := f.allocator(t).Release(t.Context(), id); err != nil {
		t.Errorf("Release(%s) after its reverse name was cleared: %v", id, err)
	}
}

func clearNoReverseName(t tb, f Fixture) {
	namer, id := f.reverseNamer(t), f.add(1)[0]
	if err := namer.ClearReverseName(t.Context(), id); err != nil {
		t.Errorf("ClearReverseName of an address without: %v", err)
	}
}

func clearReverseNameAbsent(t tb, f Fixture) {
	if err := f.reverseNamer(t).ClearReverseName(t.Context(), absentID); !errors.Is(err, eippool.ErrNotFound) {
		t.Errorf("ClearReverseName of an absent address: %v; want %v", err, eippool.ErrNotFound)
	}
}

func reverseCancelled(t tb, f Fixture) {
	namer, id := f.reverseNamer(t), f.add(1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]error{
		"SetReverseName":   namer.SetReverseName(ctx, id, "pooltest.example.com."),
		"ClearReverseName": namer.ClearReverseName(ctx, id),
	}
	for call, err := range calls {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v; want %v", call, err, context.Canceled)
		}
	}
}
