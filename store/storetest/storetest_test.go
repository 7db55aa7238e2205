package storetest

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func TestEachCaseFailsOnABrokenStore(t *testing.T) {
	all := defects()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if failed := failures(t, c, memstore.New()); len(failed) > 0 {
				t.Fatalf("fails on a right store: %q", failed)
			}
			breakIt, ok := all[c.name]
			if !ok {
				t.Fatal("no broken store shows that this case can fail")
			}
			s := newBroken()
			breakIt(s)
			failed := failures(t, c, s)
			if len(failed) == 0 {
				t.Error("passes on a broken store")
			}
			t.Logf("%q", failed)
		})
		delete(all, c.name)
	}
	if len(all) > 0 {
		t.Errorf("broken stores for no case: %v", slices.Sorted(maps.Keys(all)))
	}
}

func TestCasesAreNamedOnceAndExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		if seen[c.name] || c.name == "" || c.contract == "" {
			t.Errorf("case %q: named before, or has no name or no contract", c.name)
		}
		seen[c.name] = true
	}
}

// A field that is added to Record and forgotten here would not be proved to
// be kept.
func TestFullRecordIsFull(t *testing.T) {
	r := reflect.ValueOf(full())
	for _, field := range reflect.VisibleFields(r.Type()) {
		set := !slices.Contains([]string{"Version", "Allocated", "Draining"}, field.Name) // these have cases of their own
		if r.FieldByIndex(field.Index).IsZero() == set {
			t.Errorf("the field %s is set: %t, want %t", field.Name, !set, set)
		}
	}
}

func TestExclude(t *testing.T) {
	if err := checkExclude(map[string]string{"get-absent": "the stand-in is wrong"}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []map[string]string{{"no-such-case": "reason"}, {"get-absent": ""}} {
		if checkExclude(wrong) == nil {
			t.Errorf("%v is accepted", wrong)
		}
	}
	Run(t, func(t *testing.T) store.Store {
		if t.Name() == "TestExclude/get-absent" {
			t.Error("an excluded case is run")
		}
		return memstore.New()
	}, func(o *Options) { o.Exclude = map[string]string{"get-absent": "to see it skipped"} })
}

// onlyStore is a store without optional interfaces.
type onlyStore struct{ store.Store }

func TestStoreWithoutRegistry(t *testing.T) {
	mem := func(s store.Store) *memstore.Store { return s.(onlyStore).Store.(*memstore.Store) }
	Run(t, func(*testing.T) store.Store { return onlyStore{memstore.New()} }, func(o *Options) {
		o.SetAllocated = func(ctx context.Context, s store.Store, r store.Record, allocated bool) error {
			if allocated {
				return mem(s).Acquire(ctx, r.AllocationID)
			}
			return mem(s).Yield(ctx, r.AllocationID)
		}
	})
}
