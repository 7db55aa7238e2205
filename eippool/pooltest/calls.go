package pooltest

import (
	"context"
	"errors"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
)

func callCases() []testCase {
	return []testCase{
		{Name: "cancelled", Contract: "Every error but a context's wraps the cause.", Run: cancelled},
		{Name: "change-returned", Contract: "Values that they return share no memory with their own state.", Run: changeReturned},
		{Name: "change-given", Contract: "They keep none that they are given.", Run: changeGiven},
	}
}

func cancelled(t tb, f Fixture) {
	ids, targets := f.add(2), f.running(2)
	associationID := f.associate(t, ids[0], targets[0])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, list := f.Pool.List(ctx)
	_, lookup := f.Pool.Lookup(ctx, ids...)
	_, associate := f.Pool.Associate(ctx, ids[1], targets[1])
	calls := map[string]error{
		"List":         list,
		"Lookup":       lookup,
		"Associate":    associate,
		"Disassociate": f.Pool.Disassociate(ctx, associationID),
	}
	for call, err := range calls {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v; want %v", call, err, context.Canceled)
		}
	}
}

func changeReturned(t tb, f Fixture) {
	id := f.add(1)[0]
	reads := map[string]func() []eippool.Address{
		"List":   func() []eippool.Address { return f.list(t) },
		"Lookup": func() []eippool.Address { return f.lookup(t, id) },
	}
	for name, read := range reads {
		for _, a := range read() {
			if len(a.Tags) == 0 {
				t.Fatalf("%v has no tags, but the fixture's addresses must", a)
			}
			a.Tags["pooltest"] = "written by the caller"
		}
		for _, a := range read() {
			if _, ok := a.Tags["pooltest"]; ok {
				t.Errorf("what the caller writes into a result of %s shows up in the next one", name)
			}
		}
	}
}

func changeGiven(t tb, f Fixture) {
	ids := f.add(3)
	given := []string{ids[2], ids[0], ids[1], ids[2]}
	want := slices.Clone(given)
	f.lookup(t, given...)
	if !slices.Equal(given, want) {
		t.Errorf("Lookup made %v of the caller's slice %v", given, want)
	}
}
