// Package sqlstore keeps the binder's records in a SQL database: embedded
// SQLite (3.38 or later) or PostgreSQL (12 or later), by the same statements.
//
//	db, err := sqlitedb.Open("/var/lib/eipbinder/records.db")
//	if err != nil {
//		return err
//	}
//	records, err := sqlstore.New(db, sqlstore.SQLite)
//	if err != nil {
//		return err
//	}
//	if err := records.Migrate(ctx); err != nil {
//		return err
//	}
//
// For PostgreSQL, register a driver such as github.com/jackc/pgx/v5/stdlib,
// and make it New(db, sqlstore.PostgreSQL). This package itself imports no
// driver; its subpackage sqlitedb does.
//
// # Schedule servers
//
// The table eipbinder_record has one row for each address. Servers pick
// workers from the rows that are visible:
//
//	SELECT allocation_id, eip, dns_record, instance_id, availability_zone, tags
//	FROM eipbinder_record WHERE visible AND NOT allocated
//
// A server acquires a worker by one statement, and has it if a row was
// changed; if none was, another server was first, or the worker is going:
//
//	UPDATE eipbinder_record SET allocated = TRUE
//	WHERE allocation_id = $1 AND instance_id = $2 AND visible AND allocated = FALSE
//
// It yields the worker, which may be draining by then, in the same way:
//
//	UPDATE eipbinder_record SET allocated = FALSE
//	WHERE allocation_id = $1 AND instance_id = $2 AND phase = 'bound'
//
// The flag is the servers': the binder leaves it alone while a worker stays
// with its address, and takes no worker whose flag is set unless it is forced.
// Everything else in a row is the binder's. On PostgreSQL servers need no more
// than
//
//	GRANT SELECT, UPDATE (allocated) ON eipbinder_record TO servers
//
// The database derives the columns that servers read from the binder's own,
// and refuses any other value. dns_record has no trailing dot, bound_at is in
// RFC 3339, and tags is a JSON object.
//
// # What the database must do
//
// A write that was acknowledged must not be lost: the binder would forget what
// it has done in the cloud. SQLite needs a local file system and
// synchronous=FULL, as sqlitedb.Open sets it. PostgreSQL needs the primary
// server, synchronous_commit, and a synchronous standby if there is automatic
// failover.
//
// A Store is safe for concurrent use, by any number of processes.
package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

var (
	_ store.Store    = (*Store)(nil)
	_ store.Registry = (*Store)(nil)
)

// Dialect is the kind of database.
type Dialect string

// The dialects.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

// prefix is the default prefix, as it stands in the statements.
const prefix = "eipbinder_"

// Options changes what New makes.
type Options struct {
	// TablePrefix begins the names of the tables, so that several deployments
	// can share a database. Lower-case letters, digits and underscores, at most
	// 30, not a digit first. Default "eipbinder_".
	TablePrefix string
	// MaxAttempts is how often a call is tried that meets another writer.
	// Default 10; at least 1.
	MaxAttempts int
	// RetryBase bounds the wait after the first attempt. The bound doubles with
	// each attempt, and the wait is a random part of it. Default 25 ms; zero
	// does not wait.
	RetryBase time.Duration
	// RetryMax is the highest bound. Default 1 s.
	RetryMax time.Duration
}

func resolve(optFns []func(*Options)) (Options, error) {
	opts := Options{
		TablePrefix: prefix,
		MaxAttempts: 10,
		RetryBase:   25 * time.Millisecond,
		RetryMax:    time.Second,
	}
	for _, fn := range optFns {
		fn(&opts)
	}
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	plain := regexp.MustCompile(`^[a-z_][a-z0-9_]{0,29}$`).MatchString(opts.TablePrefix)
	require(plain, "Options.TablePrefix is not 1 to 30 lower-case letters, digits and underscores")
	require(opts.MaxAttempts >= 1, "Options.MaxAttempts is less than 1")
	require(opts.RetryBase >= 0, "Options.RetryBase is negative")
	require(opts.RetryMax >= opts.RetryBase, "Options.RetryMax is less than Options.RetryBase")
	return opts, errors.Join(errs...)
}

// Store implements [store.Store], [store.Registry], [store.Checker] and
// [store.Pauser]. It is no [store.Auditor]: what is derived from a record the
// database derives. Make one with [New].
type Store struct {
	db         *sql.DB
	dialect    Dialect
	opts       Options
	migrations []migration
}

// New returns a Store on this database, which stays the caller's to close. It
// does no I/O: Migrate makes the tables, Check tells whether they will do.
func New(db *sql.DB, dialect Dialect, optFns ...func(*Options)) (*Store, error) {
	opts, err := resolve(optFns)
	switch {
	case err != nil:
	case db == nil:
		err = errors.New("the database is nil")
	case dialect != SQLite && dialect != PostgreSQL:
		err = fmt.Errorf("the dialect %q is unknown", dialect)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: sqlstore: %w", store.ErrInvalid, err)
	}
	return &Store{db: db, dialect: dialect, opts: opts, migrations: migrations()}, nil
}

// named gives the tables in a statement their names.
func (s *Store) named(statement string) string {
	return strings.ReplaceAll(statement, prefix, s.opts.TablePrefix)
}
