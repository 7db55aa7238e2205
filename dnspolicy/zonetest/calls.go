package zonetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func callCases() []testCase {
	return []testCase{
		{Name: "cancelled", Contract: "Every error but a context's wraps the cause.", Run: cancelled},
		{Name: "change-returned", Contract: "Values that a zone returns share no memory with its state.", Run: changeReturned},
		{Name: "change-given", Contract: "It keeps none that it is given.", Run: changeGiven},
	}
}

func cancelled(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, lookup := f.Zone.Lookup(ctx, set.RRKey)
	_, apply := f.Zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(f.a("n", "192.0.2.1"))})
	var list error
	for _, err := range f.Zone.List(ctx) {
		list = err
	}
	for call, err := range map[string]error{"Lookup": lookup, "Apply": apply, "List": list} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v; want %v", call, err, context.Canceled)
		}
	}
}

func changeReturned(t tb, f Fixture) {
	set := f.a("m", "192.0.2.1")
	f.apply(t, dnspolicy.Create(set))
	got, err := f.Zone.Lookup(t.Context(), set.RRKey)
	if err != nil || len(got.Values) != 1 {
		t.Fatalf("Lookup(%v) = %v, %v; want %v", set.RRKey, got, err, set)
	}
	got.Values[0] = "192.0.2.9"
	f.holds(t, set.RRKey, &set)

	listed := f.list(t)[set.RRKey]
	if len(listed.Values) != 1 {
		t.Fatalf("List yields %v, want %v", listed, set)
	}
	listed.Values[0] = "192.0.2.9"
	f.holds(t, set.RRKey, &set)

	_, err = f.Zone.Apply(t.Context(), []dnspolicy.Change{dnspolicy.Create(set)})
	var conflict *dnspolicy.ConflictError
	if errors.As(err, &conflict) && conflict.Actual != nil && len(conflict.Actual.Values) > 0 {
		conflict.Actual.Values[0] = "192.0.2.9"
	}
	f.holds(t, set.RRKey, &set)
}

func changeGiven(t tb, f Fixture) {
	set, want := f.a("m", "192.0.2.2", "192.0.2.1"), f.a("m", "192.0.2.2", "192.0.2.1")
	changes := []dnspolicy.Change{dnspolicy.Create(set)}
	f.apply(t, changes...)
	if given := changes[0].After.Values; given[0] != want.Values[0] || given[1] != want.Values[1] {
		t.Errorf("Apply made %v of the caller's values %v", given, want.Values)
	}
	changes[0].After.Values[0], changes[0].After.TTL = "192.0.2.9", 0
	f.holds(t, want.RRKey, &want)
}
