package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/eipbinder/eipbinder/store"
)

// errChanged: what was decided on what was read holds no longer.
var errChanged = errors.New("changes faster than it can be written")

// Put implements [store.Store]. Besides Releasing, an unforced Put that frees
// an acquired record at once, or gives it to another instance, is
// ErrAllocated too.
func (s *Store) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if err := r.Validate(); err != nil {
		return store.Record{}, err
	}
	var stored store.Record
	err := s.retry(ctx, func() (err error) {
		stored, err = s.tryPut(ctx, r)
		return err
	})
	if err != nil {
		return store.Record{}, err
	}
	return stored, nil
}

// tryPut reads and decides by one statement and writes by another, which does
// nothing unless all is as it was read. If it is not, the next attempt finds
// out why by reading.
func (s *Store) tryPut(ctx context.Context, r store.Record) (store.Record, error) {
	prev, holders, err := s.around(ctx, r)
	if err != nil {
		return store.Record{}, err
	}
	if prev.record != nil && prev.record.IP != r.IP {
		return store.Record{}, fmt.Errorf("%w: address %s is %s and cannot become %s", store.ErrInvalid, r.AllocationID, prev.record.IP, r.IP)
	}
	if prev.record != nil && prev.record.WriteID == r.WriteID && prev.base == r.Version {
		return *prev.record, nil
	}
	if err := conflict(prev, holders, r); err != nil {
		return store.Record{}, err
	}
	if prev.record != nil && prev.record.Allocated && !mayTake(*prev.record, r) {
		return store.Record{}, fmt.Errorf("%w: %s of instance %s", store.ErrAllocated, r.AllocationID, prev.record.InstanceID)
	}
	return s.write(ctx, prev, r)
}

// around reads the row of the record's address (zero if there is none), and
// the records that hold its keys, as of one moment.
func (s *Store) around(ctx context.Context, r store.Record) (own row, holders []store.Record, err error) {
	const statement = "SELECT " + columns + " FROM eipbinder_record WHERE allocation_id = $1 OR instance_id = $2 OR name = $3"
	rows, err := s.rows(ctx, "reading the record", statement, r.AllocationID, r.InstanceID, r.Name)
	for _, found := range rows {
		if found.id == r.AllocationID {
			own = found
		} else {
			holders = append(holders, *found.record)
		}
	}
	return own, holders, err
}

// conflict returns the first reason why the record cannot have its keys.
func conflict(prev row, holders []store.Record, r store.Record) error {
	if prev.version() != r.Version {
		return &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: prev.record}
	}
	for _, key := range r.Keys()[1:] {
		for _, holder := range holders {
			if slices.Contains(holder.Keys(), key) {
				return &store.ConflictError{Key: key, Holder: &holder}
			}
		}
	}
	return nil
}

// mayTake reports whether next may follow prev whatever the flag says.
func mayTake(prev, next store.Record) bool {
	leaves := next.InstanceID != prev.InstanceID || next.Phase == store.Releasing
	return !leaves || prev.Phase == store.Releasing || next.Forced
}

// write makes r the stored record if the row is as in prev.
func (s *Store) write(ctx context.Context, prev row, r store.Record) (store.Record, error) {
	base, next := r.Version, r.Clone()
	next.Version = prev.last + 1
	encoded, err := encode(next)
	if err != nil {
		return store.Record{}, err
	}
	stays := prev.record != nil && prev.record.InstanceID == next.InstanceID
	shown := next.Visible() || stays && prev.shown
	statement, args := insertRecord, []any{next.Version, base, encoded, shown, next.AllocationID}
	if prev.last > 0 {
		take := prev.record == nil || mayTake(*prev.record, next)
		statement, args = updateRecord, append(args, stays, prev.last, take)
	}
	written := false
	err = s.query(ctx, "writing the record", statement, args, func(rows *sql.Rows) error {
		written = true
		return rows.Scan(&next.Allocated)
	})
	if err == nil && !written {
		err = &again{fmt.Errorf("sqlstore: the record of %s %w", r.AllocationID, errChanged)}
	}
	return next, err
}

const (
	insertRecord = `
INSERT INTO eipbinder_record (version, base_version, record, shown, allocation_id)
VALUES ($1, $2, $3, $4, $5)
RETURNING allocated`

	// The flag is the schedule servers', who may change it at any time: it is
	// either kept or reset, and what a flag forbids is forbidden here, too.
	updateRecord = `
UPDATE eipbinder_record
SET version = $1, base_version = $2, record = $3, shown = $4, allocated = allocated AND $6
WHERE allocation_id = $5 AND version = $7 AND ($8 OR NOT allocated)
RETURNING allocated`

	// The row stays, with the version that the next life goes on from.
	deleteRecord = `
UPDATE eipbinder_record
SET version = version + 1, record = NULL, shown = FALSE
WHERE allocation_id = $1 AND version = $2`
)

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, r store.Record) error {
	return s.retry(ctx, func() error { return s.tryDelete(ctx, r) })
}

func (s *Store) tryDelete(ctx context.Context, r store.Record) error {
	prev, err := s.address(ctx, r.AllocationID)
	switch {
	case err != nil:
		return err
	case prev.record == nil:
		return nil
	case prev.last != r.Version:
		return &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: prev.record}
	case prev.record.Phase != store.Free:
		return fmt.Errorf("%w: record of %s is %s; only Free records can be deleted", store.ErrInvalid, r.AllocationID, prev.record.Phase)
	}
	changed, err := s.exec(ctx, "deleting the record", deleteRecord, r.AllocationID, r.Version)
	if err == nil && changed == 0 {
		err = &again{fmt.Errorf("sqlstore: the record of %s %w", r.AllocationID, errChanged)}
	}
	return err
}

// address reads the row of an address; zero if there is none.
func (s *Store) address(ctx context.Context, id string) (row, error) {
	rows, err := s.rows(ctx, "reading the record", "SELECT "+columns+" FROM eipbinder_record WHERE allocation_id = $1", id)
	if err != nil || len(rows) == 0 {
		return row{}, err
	}
	return rows[0], nil
}
