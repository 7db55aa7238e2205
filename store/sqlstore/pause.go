package sqlstore

import (
	"context"
	"database/sql"

	"github.com/eipbinder/eipbinder/store"
)

var _ store.Pauser = (*Store)(nil)

// Pause implements [store.Pauser]. An operator without this library may do it
// by hand: INSERT INTO eipbinder_pause (id, reason) VALUES (1, 'why').
func (s *Store) Pause(ctx context.Context, reason string) error {
	return s.retry(ctx, func() error {
		const statement = `
INSERT INTO eipbinder_pause (id, reason) VALUES (1, $1)
ON CONFLICT (id) DO UPDATE SET reason = excluded.reason`
		_, err := s.exec(ctx, "pausing", statement, reason)
		return err
	})
}

// Resume implements [store.Pauser].
func (s *Store) Resume(ctx context.Context) error {
	return s.retry(ctx, func() error {
		_, err := s.exec(ctx, "resuming", "DELETE FROM eipbinder_pause")
		return err
	})
}

// Paused implements [store.Pauser].
func (s *Store) Paused(ctx context.Context) (paused bool, reason string, err error) {
	err = s.retry(ctx, func() error {
		paused, reason = false, ""
		return s.query(ctx, "reading the pause switch", "SELECT reason FROM eipbinder_pause", nil, func(rows *sql.Rows) error {
			paused = true
			return rows.Scan(&reason)
		})
	})
	if err != nil {
		return false, "", err
	}
	return paused, reason, nil
}
