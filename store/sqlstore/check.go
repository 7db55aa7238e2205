package sqlstore

import (
	"context"
	"fmt"

	"github.com/eipbinder/eipbinder/store"
)

var _ store.Checker = (*Store)(nil)

// Check implements [store.Checker].
func (s *Store) Check(ctx context.Context) error {
	return s.retry(ctx, func() error {
		version, err := s.schemaVersion(ctx)
		if err != nil {
			return err
		}
		if err := s.notNewer(version); err != nil {
			return err
		}
		if version < len(s.migrations) {
			return fmt.Errorf("%w: sqlstore: the schema with Options.TablePrefix %q has version %d (0: none), this program needs %d: call Migrate",
				store.ErrInvalid, s.opts.TablePrefix, version, len(s.migrations))
		}
		return s.probe(ctx)
	})
}

// probe reads, of a record that there is not, all that calls read.
func (s *Store) probe(ctx context.Context) error {
	const what = "Check: the tables are not as Migrate makes them, or this user may not read them"
	statement := "SELECT " + columns + " FROM eipbinder_record WHERE allocation_id = '' AND (instance_id = '' OR name = '' OR phase = '' OR visible)"
	if _, err := s.exec(ctx, what, statement); err != nil {
		return err
	}
	_, err := s.exec(ctx, what, "SELECT id, reason FROM eipbinder_pause WHERE id = 0")
	return err
}
