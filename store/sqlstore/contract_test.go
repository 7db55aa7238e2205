package sqlstore_test

import (
	"context"
	"database/sql"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
	"github.com/eipbinder/eipbinder/store/storetest"
)

func TestContractOnSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return newSQLite(t).migrated(t) })
}

func TestContractOnPostgreSQL(t *testing.T) {
	url := parts.PostgreSQL(t)
	var count atomic.Int64
	next := func(t *testing.T, settings string) database {
		d := newPostgreSQL(t, url, int(count.Add(1)))
		d.source += settings
		return d
	}
	t.Run("serializable", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			return next(t, "&default_transaction_isolation=serializable").migrated(t)
		})
	})
	t.Run("two pools", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store {
			d := next(t, "")
			return &alternating{stores: []*sqlstore.Store{d.migrated(t), d.store(t)}}
		})
	})
}

func TestContractOnTwoPoolsOfOneFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		d := newSQLite(t)
		return &alternating{stores: []*sqlstore.Store{d.migrated(t), d.store(t)}}
	})
}

// A database that its user opened without any setting: readers and writers
// exclude each other, and nobody waits but the store.
func TestContractOnSQLiteWithoutSettings(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		db, err := sql.Open("sqlite", newSQLite(t).source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		records := newStore(t, db, sqlstore.SQLite, func(o *sqlstore.Options) {
			o.MaxAttempts, o.RetryBase, o.RetryMax = 1000, time.Millisecond, 50*time.Millisecond
		})
		if err := records.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		return records
	})
}

// alternating sends each call to the next store.
type alternating struct {
	stores []*sqlstore.Store
	calls  atomic.Int64
}

func (a *alternating) next() *sqlstore.Store {
	return a.stores[int(a.calls.Add(1))%len(a.stores)]
}

func (a *alternating) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	return a.next().Get(ctx, keys...)
}

func (a *alternating) Put(ctx context.Context, r store.Record) (store.Record, error) {
	return a.next().Put(ctx, r)
}

func (a *alternating) Delete(ctx context.Context, r store.Record) error {
	return a.next().Delete(ctx, r)
}

func (a *alternating) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return a.next().List(ctx, f)
}

func (a *alternating) Acquire(ctx context.Context, id string) error { return a.next().Acquire(ctx, id) }

func (a *alternating) Yield(ctx context.Context, id string) error { return a.next().Yield(ctx, id) }

func (a *alternating) Pause(ctx context.Context, reason string) error {
	return a.next().Pause(ctx, reason)
}

func (a *alternating) Resume(ctx context.Context) error { return a.next().Resume(ctx) }

func (a *alternating) Paused(ctx context.Context) (bool, string, error) { return a.next().Paused(ctx) }
