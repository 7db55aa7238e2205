package storm

import (
	"context"
	"fmt"
)

// prewarm publishes the names of the whole pool, as a deployment does once and
// each sweep does again.
func prewarm(ctx context.Context, w *World) error {
	b, err := w.newBinder("prewarm", Prewarmed, shipped())
	if err != nil {
		return err
	}
	published, err := b.Prewarm(ctx)
	if err != nil {
		return err
	}
	if published != w.Profile.Addresses {
		return fmt.Errorf("prewarmed %d names of %d", published, w.Profile.Addresses)
	}
	return nil
}
