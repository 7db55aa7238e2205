package sqlstore

import (
	"context"
	"fmt"

	"github.com/eipbinder/eipbinder/store"
)

// Acquire implements [store.Registry].
func (s *Store) Acquire(ctx context.Context, allocationID string) error {
	return s.retry(ctx, func() error {
		const statement = "UPDATE eipbinder_record SET allocated = TRUE WHERE allocation_id = $1 AND visible AND allocated = FALSE"
		changed, err := s.exec(ctx, "acquiring", statement, allocationID)
		if err != nil || changed > 0 {
			return err
		}
		return s.whyNot(ctx, allocationID)
	})
}

// whyNot returns the reason why a record was not acquired.
func (s *Store) whyNot(ctx context.Context, allocationID string) error {
	r, err := s.address(ctx, allocationID)
	switch {
	case err != nil:
		return err
	case r.record == nil || !r.record.Visible():
		return fmt.Errorf("%w: schedule servers do not see %s", store.ErrNotFound, allocationID)
	case r.record.Allocated:
		return fmt.Errorf("%w: %s", store.ErrAllocated, allocationID)
	}
	return &again{fmt.Errorf("sqlstore: the flag of %s %w", allocationID, errChanged)}
}

// Yield implements [store.Registry].
func (s *Store) Yield(ctx context.Context, allocationID string) error {
	return s.retry(ctx, func() error {
		const statement = "UPDATE eipbinder_record SET allocated = FALSE WHERE allocation_id = $1 AND phase = 'bound'"
		changed, err := s.exec(ctx, "yielding", statement, allocationID)
		if err == nil && changed == 0 {
			err = fmt.Errorf("%w: %s is not Bound", store.ErrNotFound, allocationID)
		}
		return err
	})
}
