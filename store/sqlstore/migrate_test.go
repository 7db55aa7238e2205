package sqlstore_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
)

// later makes the store one of a later release, whose schema has an index and
// a column more.
func later(s *sqlstore.Store) *sqlstore.Store {
	s.AddMigration("CREATE INDEX eipbinder_record_phase ON eipbinder_record (phase)", "ALTER TABLE eipbinder_record ADD COLUMN note TEXT")
	return s
}

func TestMigrateAndCheck(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.store(t)
		says(t, records.Check(t.Context()), "call Migrate")
		migrates(t, records)
		r := put(t, records, bound(1))
		migrates(t, records)

		newer := later(d.store(t))
		says(t, newer.Check(t.Context()), "call Migrate")
		migrates(t, newer)
		migrates(t, newer)
		if got := get(t, newer, store.ByName(r.Name)); got.WriteID != r.WriteID || got.Version != r.Version {
			t.Errorf("the migration made %+v of %+v", got, r)
		}
		execute(t, d.open(t), "UPDATE eipbinder_record SET note = 'from the later release'")
		says(t, records.Check(t.Context()), "update the program")
		says(t, records.Migrate(t.Context()), "update the program")

		fresh := later(d.store(t, func(o *sqlstore.Options) { o.TablePrefix = "media_" }))
		says(t, fresh.Check(t.Context()), `"media_"`)
		fails := later(d.store(t, func(o *sqlstore.Options) { o.TablePrefix = "broken_" }))
		fails.AddMigration("CREATE TABLE eipbinder_extra (id BIGINT)", "INSERT INTO eipbinder_nothing VALUES (1)")
		for range 2 { // the failed step leaves nothing behind
			says(t, fails.Migrate(t.Context()), "to version 3")
		}
		says(t, fails.Check(t.Context()), "has version 2")
	})
}

func TestManyMigrateAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		var group sync.WaitGroup
		for range 8 {
			records := later(d.store(t))
			group.Go(func() {
				if err := records.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if err := later(d.store(t)).Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStoresUnderTwoPrefixes(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		one := d.migrated(t)
		two := d.migrated(t, func(o *sqlstore.Options) { o.TablePrefix = "media_" })
		put(t, one, bound(1))
		if err := one.Pause(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
		for r, err := range two.List(t.Context(), store.Filter{}) {
			t.Errorf("the other store has %+v, %v", r, err)
		}
		if paused, _, err := two.Paused(t.Context()); paused || err != nil {
			t.Errorf("the other store is paused: %t, %v", paused, err)
		}
		put(t, two, bound(1))
	})
}

func TestCheckFindsMissingColumns(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records, db := d.migrated(t), d.open(t)
		execute(t, db, "ALTER TABLE eipbinder_record DROP COLUMN base_version")
		says(t, records.Check(t.Context()), "not as Migrate makes them")
		execute(t, db, "DROP TABLE eipbinder_record")
		says(t, records.Check(t.Context()), "not as Migrate makes them")
	})
}

func migrates(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatalf("Check after Migrate: %v", err)
	}
}

// says checks that the error is ErrInvalid and names the fix.
func says(t *testing.T, err error, what string) {
	t.Helper()
	if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), what) {
		t.Errorf("the error is %v, want ErrInvalid with %q", err, what)
	}
}
