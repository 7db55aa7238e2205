package memstore

import (
	"context"
	"fmt"

	"github.com/eipbinder/eipbinder/store"
)

// Acquire implements [store.Registry].
func (s *Store) Acquire(ctx context.Context, allocationID string) error {
	return s.setFlag(ctx, allocationID, func(r store.Record) (bool, error) {
		switch {
		case !r.Visible():
			return false, fmt.Errorf("%w: %s is not to be seen by schedule servers", store.ErrNotFound, allocationID)
		case r.Allocated:
			return false, fmt.Errorf("%w: %s", store.ErrAllocated, allocationID)
		}
		return true, nil
	})
}

// Yield implements [store.Registry].
func (s *Store) Yield(ctx context.Context, allocationID string) error {
	return s.setFlag(ctx, allocationID, func(r store.Record) (bool, error) {
		if r.Phase != store.Bound {
			return false, fmt.Errorf("%w: %s is not Bound", store.ErrNotFound, allocationID)
		}
		return false, nil
	})
}

// setFlag sets the flag to what decide says of the record. The flag is not
// the record's writers': the version stays.
func (s *Store) setFlag(ctx context.Context, allocationID string, decide func(store.Record) (bool, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[allocationID]
	if e.record == nil {
		return fmt.Errorf("%w: %s", store.ErrNotFound, allocationID)
	}
	allocated, err := decide(*e.record)
	if err != nil {
		return err
	}
	changed := *e.record
	changed.Allocated = allocated
	e.record = &changed
	s.entries[allocationID] = e
	return nil
}
