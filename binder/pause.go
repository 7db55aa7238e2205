package binder

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// pausedRetry is how soon to ask again whether the pause is over.
const pausedRetry = time.Minute

// Pause stops every action of every process that shares the store, until
// Resume. What is bound stays bound, and what a call is in the middle of, it
// finishes. Reconcile answers NotReady meanwhile, and a Sweep can only be a
// dry run. A store without such a switch is ErrConfig.
func (b *Binder) Pause(ctx context.Context, reason string) error {
	p, err := pauser(b.store)
	if err != nil {
		return err
	}
	return p.Pause(ctx, reason)
}

// Resume ends the pause. No pause is success.
func (b *Binder) Resume(ctx context.Context) error {
	p, err := pauser(b.store)
	if err != nil {
		return err
	}
	return p.Resume(ctx)
}

func pauser(s store.Store) (store.Pauser, error) {
	p, ok := s.(store.Pauser)
	if !ok {
		return nil, fmt.Errorf("%w: the store %T has no pause switch (store.Pauser)", ErrConfig, s)
	}
	return p, nil
}

// paused returns why the binder is paused, empty if it is not.
func (b *Binder) paused(ctx context.Context) (string, error) {
	p, ok := b.store.(store.Pauser)
	if !ok {
		return "", nil
	}
	paused, reason, err := p.Paused(ctx)
	if err != nil {
		return "", fmt.Errorf("read the pause switch: %w", err)
	}
	if !paused {
		return "", nil
	}
	return cmp.Or(reason, "no reason given"), nil
}
