package filestore

import (
	"context"
	"path/filepath"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/store"
)

var _ store.Pauser = (*Store)(nil)

// Pause implements [store.Pauser].
func (s *Store) Pause(ctx context.Context, reason string) error { return s.setPause(ctx, &reason) }

// Resume implements [store.Pauser].
func (s *Store) Resume(ctx context.Context) error { return s.setPause(ctx, nil) }

func (s *Store) setPause(ctx context.Context, reason *string) error {
	return s.locked(ctx, func(f folder) error {
		return jsonfile.Write(filepath.Join(string(f), settingsFile), settings{Pause: reason})
	})
}

// Paused implements [store.Pauser].
func (s *Store) Paused(ctx context.Context) (paused bool, reason string, err error) {
	err = s.locked(ctx, func(f folder) error {
		now, err := f.settings()
		if err == nil && now.Pause != nil {
			paused, reason = true, *now.Pause
		}
		return err
	})
	return paused, reason, err
}
