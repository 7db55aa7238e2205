package memstore

import (
	"context"

	"github.com/eipbinder/eipbinder/store"
)

var _ store.Pauser = (*Store)(nil)

// Pause implements [store.Pauser].
func (s *Store) Pause(ctx context.Context, reason string) error { return s.setPause(ctx, &reason) }

// Resume implements [store.Pauser].
func (s *Store) Resume(ctx context.Context) error { return s.setPause(ctx, nil) }

func (s *Store) setPause(ctx context.Context, reason *string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pause = reason
	return nil
}

// Paused implements [store.Pauser].
func (s *Store) Paused(ctx context.Context) (bool, string, error) {
	if err := ctx.Err(); err != nil {
		return false, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pause == nil {
		return false, "", nil
	}
	return true, *s.pause, nil
}
