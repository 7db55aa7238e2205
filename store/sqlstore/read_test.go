package sqlstore_test

import (
	"fmt"
	"testing"

	"github.com/eipbinder/eipbinder/store"
)

// More keys than one statement asks for.
func TestGetOfVeryManyKeys(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.migrated(t)
		first, last := put(t, records, bound(1)), put(t, records, bound(2))
		keys := []store.Key{store.ByInstance(first.InstanceID)}
		for n := range 2_000 {
			keys = append(keys, store.ByAddress(fmt.Sprintf("eipalloc-absent-%d", n)))
		}
		keys = append(keys, store.ByName(last.Name), store.ByAddress(first.AllocationID))
		found, err := records.Get(t.Context(), keys...)
		if err != nil || len(found) != 2 || found[0].WriteID != first.WriteID || found[1].WriteID != last.WriteID {
			t.Errorf("Get = %v, %v, want both records", found, err)
		}
	})
}

// A List holds no connection while it yields.
func TestWritesWithinList(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		db.SetMaxOpenConns(1)
		records := newStore(t, db, d.dialect)
		migrates(t, records)
		put(t, records, bound(1))
		put(t, records, bound(2))
		for r, err := range records.List(t.Context(), store.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			put(t, records, next(r, releasing))
		}
	})
}
