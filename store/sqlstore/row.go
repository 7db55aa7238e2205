package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/eipbinder/eipbinder/store"
)

// columns are what a row is made of; all others follow from them.
const columns = "allocation_id, version, base_version, record, allocated, shown"

// row is what the database says of one address.
type row struct {
	id     string        // the allocation ID
	last   int64         // the highest version so far
	base   int64         // the version that the last write was made on
	record *store.Record // with the true Allocated; nil once it is deleted
	shown  bool          // schedule servers have seen it with its instance
}

// version is what a writer must know to write; 0 if there is no record.
func (r row) version() int64 {
	if r.record == nil {
		return 0
	}
	return r.last
}

func scanRow(rows *sql.Rows) (row, error) {
	var r row
	var encoded sql.NullString
	var allocated bool
	if err := rows.Scan(&r.id, &r.last, &r.base, &encoded, &allocated, &r.shown); err != nil {
		return row{}, err
	}
	if !encoded.Valid {
		return r, nil
	}
	r.record = new(store.Record)
	err := json.Unmarshal([]byte(encoded.String), r.record)
	r.record.Version, r.record.Allocated = r.last, allocated
	if err == nil {
		err = r.valid()
	}
	if err != nil {
		return row{}, fmt.Errorf("%w: stored record of %s: %w", store.ErrInvalid, r.id, err)
	}
	return r, nil
}

// valid finds a record that no Put can have written, which must not come to a
// planner.
func (r row) valid() error {
	if r.record.AllocationID != r.id {
		return fmt.Errorf("it is about %q", r.record.AllocationID)
	}
	return r.record.Validate()
}

// encode returns what is stored of a record that gets a new version.
func encode(r store.Record) (string, error) {
	r.Allocated = false // has a column of its own
	encoded, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("%w: record of %q: %w", store.ErrInvalid, r.AllocationID, err)
	}
	return string(encoded), nil
}

// rows returns the rows that a SELECT of columns yields.
func (s *Store) rows(ctx context.Context, what, statement string, args ...any) ([]row, error) {
	var found []row
	err := s.query(ctx, what, statement, args, func(rows *sql.Rows) error {
		r, err := scanRow(rows)
		found = append(found, r)
		return err
	})
	return found, err
}

// query calls scan for each row. It reads to the end, where a database reports
// what came in the way of the write that a RETURNING belongs to.
func (s *Store) query(ctx context.Context, what, statement string, args []any, scan func(*sql.Rows) error) error {
	rows, err := s.db.QueryContext(ctx, s.named(statement), args...)
	if err != nil {
		return wrap(ctx, what, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has what it could say
	for rows.Next() {
		if err := scan(rows); err != nil {
			return wrap(ctx, what, err)
		}
	}
	return wrap(ctx, what, rows.Err())
}

// exec returns how many rows the statement has changed.
func (s *Store) exec(ctx context.Context, what, statement string, args ...any) (changed int64, err error) {
	result, err := s.db.ExecContext(ctx, s.named(statement), args...)
	if err != nil {
		return 0, wrap(ctx, what, err)
	}
	changed, err = result.RowsAffected()
	return changed, wrap(ctx, what, err)
}
