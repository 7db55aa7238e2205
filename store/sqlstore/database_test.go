package sqlstore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store/sqlstore"
	"github.com/eipbinder/eipbinder/store/sqlstore/sqlitedb"
)

// database is an empty one of its test, which any number of pools, here and in
// other processes, may open.
type database struct {
	dialect sqlstore.Dialect
	source  string // a file or a URL
}

// onEach runs the test on each kind of database.
func onEach(t *testing.T, test func(*testing.T, database)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newSQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newPostgreSQL(t, parts.PostgreSQL(t), 0)) })
}

func newSQLite(t *testing.T) database {
	return database{sqlstore.SQLite, filepath.Join(t.TempDir(), "records.db")}
}

// newPostgreSQL makes the n-th database in a server: a schema.
func newPostgreSQL(t *testing.T, url string, n int) database {
	t.Helper()
	server := database{sqlstore.PostgreSQL, url}
	execute(t, server.open(t), fmt.Sprintf("CREATE SCHEMA test_%d", n))
	return database{sqlstore.PostgreSQL, fmt.Sprintf("%s&search_path=test_%d", url, n)}
}

func (d database) connect() (*sql.DB, error) {
	if d.dialect == sqlstore.SQLite {
		return sqlitedb.Open(d.source)
	}
	return sql.Open("pgx", d.source)
}

// open returns a pool of connections that ends with the test.
func (d database) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := d.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// store returns a store on a pool of its own; the tables may be missing.
func (d database) store(t *testing.T, optFns ...func(*sqlstore.Options)) *sqlstore.Store {
	t.Helper()
	return newStore(t, d.open(t), d.dialect, optFns...)
}

// migrated returns a store that has its tables.
func (d database) migrated(t *testing.T, optFns ...func(*sqlstore.Options)) *sqlstore.Store {
	t.Helper()
	records := d.store(t, optFns...)
	if err := records.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return records
}

func newStore(t *testing.T, db *sql.DB, dialect sqlstore.Dialect, optFns ...func(*sqlstore.Options)) *sqlstore.Store {
	t.Helper()
	records, err := sqlstore.New(db, dialect, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// execute returns how many rows the statement has changed.
func execute(t *testing.T, db *sql.DB, statement string, args ...any) int64 {
	t.Helper()
	result, err := db.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return changed
}
