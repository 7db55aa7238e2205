package filestore

import (
	"context"
	"fmt"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/store"
)

var _ store.Registry = (*Store)(nil)

// Acquire implements [store.Registry].
func (s *Store) Acquire(ctx context.Context, allocationID string) error {
	return s.setFlag(ctx, allocationID, true, func(r *store.Record) error {
		switch {
		case r == nil || !r.Visible():
			return fmt.Errorf("%w: %s is not visible", store.ErrNotFound, allocationID)
		case r.Allocated:
			return fmt.Errorf("%w: %s", store.ErrAllocated, allocationID)
		}
		return nil
	})
}

// Yield implements [store.Registry].
func (s *Store) Yield(ctx context.Context, allocationID string) error {
	return s.setFlag(ctx, allocationID, false, func(r *store.Record) error {
		if r == nil || r.Phase != store.Bound {
			return fmt.Errorf("%w: %s is not bound", store.ErrNotFound, allocationID)
		}
		return nil
	})
}

// setFlag sets the flag of a record that check allows. The version stays: the
// flag is not the binder's.
func (s *Store) setFlag(ctx context.Context, allocationID string, to bool, check func(*store.Record) error) error {
	return s.locked(ctx, func(f folder) error {
		a, err := f.address(allocationID)
		if err != nil {
			return err
		}
		if err := check(a.Record); err != nil {
			return err
		}
		a.Record.Allocated = to
		return jsonfile.Write(f.path(store.ByAddress(allocationID)), a)
	})
}
