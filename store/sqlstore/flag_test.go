package sqlstore_test

import (
	"errors"
	"testing"

	"github.com/eipbinder/eipbinder/store"
)

// Schedule servers set and clear the flag between the two statements of a Put.
func TestFlagChangesBetweenReadAndWrite(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.migrated(t)
		r := put(t, records, bound(1))
		flag := func(change func() error) func() {
			return func() {
				if err := change(); err != nil {
					t.Fatal(err)
				}
			}
		}
		acquire := flag(func() error { return records.Acquire(t.Context(), r.AllocationID) })
		yield := flag(func() error { return records.Yield(t.Context(), r.AllocationID) })

		kept, repeat, err := records.PutWith(t.Context(), next(r, func(r *store.Record) { r.Draining = true }), acquire)
		if err != nil || repeat || !kept.Allocated {
			t.Fatalf("a change beside an Acquire = %+v, %v, want the flag kept", kept, err)
		}
		kept, repeat, err = records.PutWith(t.Context(), next(kept, func(r *store.Record) { r.Draining = false }), yield)
		if err != nil || repeat || kept.Allocated {
			t.Fatalf("a change beside a Yield = %+v, %v, want the flag cleared", kept, err)
		}
		release := next(kept, releasing)
		if _, repeat, err := records.PutWith(t.Context(), release, acquire); !repeat {
			t.Fatalf("a release beside an Acquire = %v, want another attempt", err)
		}
		if _, err := records.Put(t.Context(), release); !errors.Is(err, store.ErrAllocated) {
			t.Fatalf("the other attempt = %v, want ErrAllocated", err)
		}
		if got := get(t, records, store.ByAddress(r.AllocationID)); got.Phase != store.Bound || !got.Allocated || got.Version != kept.Version {
			t.Errorf("stored is %+v, want the acquired record as it was", got)
		}
	})
}

func TestWritersBetweenReadAndWrite(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.migrated(t)
		one := put(t, records, bound(1))
		two := bound(2)
		taken := next(two, func(r *store.Record) { r.InstanceID = "i-other" })
		other := bound(3)
		other.InstanceID = taken.InstanceID
		for name, test := range map[string]struct{ write, between store.Record }{
			"changed":        {next(one, releasing), next(one, func(r *store.Record) { r.Reason = "first" })},
			"created":        {two, next(two, func(r *store.Record) { r.Reason = "first" })},
			"instance taken": {other, bound(4)},
		} {
			if name == "instance taken" {
				test.between.InstanceID = taken.InstanceID
			}
			_, repeat, err := records.PutWith(t.Context(), test.write, func() { put(t, records, test.between) })
			if !repeat {
				t.Errorf("%s: the write = %v, want another attempt", name, err)
			}
			var conflict *store.ConflictError
			if _, err := records.Put(t.Context(), test.write); !errors.As(err, &conflict) || conflict.Holder.WriteID != test.between.WriteID {
				t.Errorf("%s: the other attempt = %v, want a conflict with the record written meanwhile", name, err)
			}
		}
	})
}
