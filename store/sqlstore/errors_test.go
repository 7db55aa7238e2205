package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
)

var (
	_ interface{ SQLState() string } = (*pgconn.PgError)(nil)
	_ interface{ Code() int }        = (*sqlite.Error)(nil)
)

type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprintf("code %d", int(e)) }

func (e sqliteError) Code() int { return int(e) }

func TestCodes(t *testing.T) {
	again := errors.New("again")
	state := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code}) }
	for _, test := range []struct {
		err  error
		want error
	}{
		{state("40001"), again},
		{state("40P01"), again},
		{state("55P03"), again},
		{state("23505"), again},
		{state("42P07"), again},
		{state("42501"), store.ErrDenied},
		{state("28P01"), store.ErrDenied},
		{state("53300"), store.ErrThrottled},
		{state("53100"), nil}, // disk full
		{state("3D000"), store.ErrInvalid},
		{state("42P01"), store.ErrInvalid},
		{state("22021"), store.ErrInvalid},
		{state("23514"), store.ErrInvalid},
		{state("25006"), nil}, // read-only transaction
		{state("57P01"), nil}, // admin shutdown
		{state("08006"), nil}, // connection failure
		{sql.ErrConnDone, nil},
		{sqliteError(5), again},
		{sqliteError(517), again},  // busy, snapshot
		{sqliteError(6), again},    // locked
		{sqliteError(2067), again}, // unique
		{sqliteError(1555), again}, // primary key
		{sqliteError(275), store.ErrInvalid},
		{sqliteError(1), store.ErrInvalid},
		{sqliteError(26), store.ErrInvalid},
		{sqliteError(1032), store.ErrDenied}, // readonly, moved
		{sqliteError(14), nil},               // cannot open
		{sqliteError(778), nil},              // input or output
	} {
		sentinel, repeat := sqlstore.SentinelOf(test.err)
		if repeat != errors.Is(test.want, again) || !repeat && !errors.Is(sentinel, test.want) {
			t.Errorf("%v stands for %v (again: %t), want %v", test.err, sentinel, repeat, test.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	db := new(sql.DB)
	for _, test := range []struct {
		db      *sql.DB
		dialect sqlstore.Dialect
		option  func(*sqlstore.Options)
		says    string
	}{
		{nil, sqlstore.SQLite, func(*sqlstore.Options) {}, "database is nil"},
		{db, "mysql", func(*sqlstore.Options) {}, `"mysql" is unknown`},
		{db, sqlstore.SQLite, func(o *sqlstore.Options) { o.TablePrefix = "" }, "TablePrefix"},
		{db, sqlstore.SQLite, func(o *sqlstore.Options) { o.TablePrefix = "a; drop" }, "TablePrefix"},
		{db, sqlstore.SQLite, func(o *sqlstore.Options) { o.TablePrefix = strings.Repeat("a", 31) }, "TablePrefix"},
		{db, sqlstore.PostgreSQL, func(o *sqlstore.Options) { o.MaxAttempts = 0 }, "MaxAttempts"},
		{db, sqlstore.PostgreSQL, func(o *sqlstore.Options) { o.RetryBase = -1 }, "RetryBase"},
		{db, sqlstore.PostgreSQL, func(o *sqlstore.Options) { o.RetryMax = 0 }, "RetryMax"},
	} {
		_, err := sqlstore.New(test.db, test.dialect, test.option)
		says(t, err, test.says)
	}
}

func TestWithoutTables(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.store(t)
		for call, err := range calls(t.Context(), records) {
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%s = %v, want ErrInvalid", call, err)
			}
		}
	})
}

// What was closed may be opened again: the errors are not terminal.
func TestClosedDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		d.migrated(t)
		db, err := d.connect()
		if err != nil {
			t.Fatal(err)
		}
		records := newStore(t, db, d.dialect)
		db.Close()
		for call, err := range calls(t.Context(), records) {
			if err == nil || errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrDenied) {
				t.Errorf("%s = %v, want an error worth another try", call, err)
			}
		}
	})
}

// calls makes each call and returns its error.
func calls(ctx context.Context, s *sqlstore.Store) map[string]error {
	var list error
	for _, err := range s.List(ctx, store.Filter{}) {
		list = err
	}
	_, get := s.Get(ctx, store.ByAddress("eipalloc-1"))
	_, put := s.Put(ctx, bound(1))
	_, _, paused := s.Paused(ctx)
	return map[string]error{
		"Get": get, "Put": put, "List": list, "Paused": paused,
		"Delete": s.Delete(ctx, bound(1)), "Check": s.Check(ctx),
		"Acquire": s.Acquire(ctx, "eipalloc-1"), "Yield": s.Yield(ctx, "eipalloc-1"),
		"Pause": s.Pause(ctx, ""), "Resume": s.Resume(ctx),
	}
}

func TestWithoutRights(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		d := newPostgreSQL(t, parts.PostgreSQL(t), 0)
		d.migrated(t)
		owner := d.open(t)
		execute(t, owner, "CREATE ROLE reader LOGIN")
		execute(t, owner, "GRANT USAGE ON SCHEMA test_0 TO reader")
		execute(t, owner, "GRANT SELECT ON ALL TABLES IN SCHEMA test_0 TO reader")
		d.source = strings.Replace(d.source, "postgres@", "reader@", 1)
		mayOnlyRead(t, d.store(t))
		execute(t, owner, "REVOKE SELECT ON eipbinder_pause FROM reader")
		if err := d.store(t).Check(t.Context()); !errors.Is(err, store.ErrDenied) {
			t.Errorf("Check without the right to read = %v, want ErrDenied", err)
		}
	})
	t.Run("SQLite", func(t *testing.T) {
		d := newSQLite(t)
		d.migrated(t)
		db, err := sql.Open("sqlite", "file:"+d.source+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		mayOnlyRead(t, newStore(t, db, sqlstore.SQLite))
	})
}

func mayOnlyRead(t *testing.T, records *sqlstore.Store) {
	t.Helper()
	migrates(t, records) // there is nothing to do
	if _, err := records.Put(t.Context(), bound(1)); !errors.Is(err, store.ErrDenied) {
		t.Errorf("Put = %v, want ErrDenied", err)
	}
}

func TestNoDatabase(t *testing.T) {
	d := newSQLite(t)
	if err := os.WriteFile(d.source, []byte(strings.Repeat("a text file", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.store(t).Check(t.Context()); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Check of a text file = %v, want ErrInvalid", err)
	}
	missing := database{sqlstore.SQLite, d.source + "/missing/records.db"}
	if err := missing.store(t).Migrate(t.Context()); err == nil {
		t.Error("Migrate in a folder that does not exist succeeds")
	}
}

func TestWrongDialect(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		other := sqlstore.SQLite
		if d.dialect == sqlstore.SQLite {
			other = sqlstore.PostgreSQL
		}
		says(t, newStore(t, d.open(t), other).Check(t.Context()), "dialect "+string(other))
	})
}

// The stored form of a record is damaged.
func TestDamagedRecord(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.migrated(t)
		r := put(t, records, bound(1))
		execute(t, d.open(t), `UPDATE eipbinder_record SET record = '{"allocationId": 7}'`)
		if _, err := records.Get(t.Context(), store.ByAddress(r.AllocationID)); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Get = %v, want ErrInvalid", err)
		}
		for _, err := range records.List(t.Context(), store.Filter{}) {
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("List = %v, want ErrInvalid", err)
			}
		}
	})
}

// Somebody holds the lock for longer than all attempts take.
func TestLockedDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		records := d.migrated(t)
		r := put(t, records, bound(1))
		locker, err := d.open(t).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := locker.ExecContext(t.Context(), "UPDATE eipbinder_record SET base_version = base_version"); err != nil {
			t.Fatal(err)
		}
		few := newStore(t, impatient(t, d), d.dialect, func(o *sqlstore.Options) { o.MaxAttempts, o.RetryBase, o.RetryMax = 3, 0, 0 })
		change := next(r, releasing)
		_, err = few.Put(t.Context(), change)
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrDenied) {
			t.Errorf("Put beside a lock = %v, want an error worth another try", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		many := newStore(t, impatient(t, d), d.dialect, func(o *sqlstore.Options) { o.MaxAttempts, o.RetryBase, o.RetryMax = 1<<30, 0, 0 })
		ended := make(chan error)
		go func() {
			_, err := many.Put(ctx, change)
			ended <- err
		}()
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("the cancelled Put = %v, want context.Canceled as it is", err)
		}
		if err := locker.Rollback(); err != nil {
			t.Fatal(err)
		}
		put(t, few, change)
	})
}

// impatient returns connections that hardly wait for locks.
func impatient(t *testing.T, d database) *sql.DB {
	t.Helper()
	if d.dialect == sqlstore.PostgreSQL {
		d.source += "&lock_timeout=" + fmt.Sprint(time.Millisecond.Milliseconds())
		return d.open(t)
	}
	db, err := sql.Open("sqlite", d.source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
