package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/eipbinder/eipbinder/store"
)

// Migrate brings the tables to the schema that this code needs, from none or
// from that of any earlier release. Tables that have it are left alone. Each
// step is one transaction: what ends in the middle, a process or a connection,
// leaves the schema before or after it. Any number of processes may migrate at
// once. A schema newer than the code is ErrInvalid.
//
// It needs the right to create tables, unless there is nothing to do.
func (s *Store) Migrate(ctx context.Context) error {
	for {
		done := false
		err := s.retry(ctx, func() (err error) {
			done, err = s.migrateStep(ctx)
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// migrateStep applies the next migration, if there is one.
func (s *Store) migrateStep(ctx context.Context) (done bool, err error) {
	version, err := s.schemaVersion(ctx)
	if err != nil {
		return false, err
	}
	if version >= len(s.migrations) {
		return true, s.notNewer(version)
	}
	return false, s.apply(ctx, version+1)
}

// apply makes the schema of that version from the one before. The version's
// row is what processes that do it at once meet at: one writes it, the others
// fail, by its key, and find the work done.
func (s *Store) apply(ctx context.Context, version int) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return wrap(ctx, "beginning a migration", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back; without it the database does
	what := fmt.Sprintf("migrating the schema to version %d", version)
	if err := s.applyTo(ctx, tx, version); err != nil {
		return wrap(ctx, what, err)
	}
	return wrap(ctx, what, tx.Commit())
}

func (s *Store) applyTo(ctx context.Context, tx *sql.Tx, version int) error {
	if _, err := tx.ExecContext(ctx, s.named("CREATE TABLE IF NOT EXISTS eipbinder_schema (version BIGINT NOT NULL PRIMARY KEY)")); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, s.named("INSERT INTO eipbinder_schema (version) VALUES ($1)"), version); err != nil {
		return err
	}
	for _, statement := range s.migrations[version-1] {
		if _, err := tx.ExecContext(ctx, s.named(statement)); err != nil {
			return err
		}
	}
	return nil
}

// schemaVersion returns the version of the schema, 0 if there is none.
func (s *Store) schemaVersion(ctx context.Context) (version int, err error) {
	what := fmt.Sprintf("reading the version of the schema (dialect %s)", s.dialect)
	exists := "SELECT to_regclass($1) IS NOT NULL"
	if s.dialect == SQLite {
		exists = "SELECT COUNT(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = $1"
	}
	found := false
	table := []any{s.named("eipbinder_schema")}
	err = s.query(ctx, what, exists, table, func(rows *sql.Rows) error { return rows.Scan(&found) })
	if err != nil || !found {
		return 0, err
	}
	err = s.query(ctx, what, "SELECT COALESCE(MAX(version), 0) FROM eipbinder_schema", nil, func(rows *sql.Rows) error { return rows.Scan(&version) })
	return version, err
}

func (s *Store) notNewer(version int) error {
	if version <= len(s.migrations) {
		return nil
	}
	return fmt.Errorf("%w: sqlstore: the schema in the database has version %d, this program knows %d: update the program",
		store.ErrInvalid, version, len(s.migrations))
}
