package pooltest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

// turns makes concurrent callers wait for different times, so that all have
// begun before the first goes on, and each is done before the next goes on.
type turns struct{ n atomic.Int64 }

func (w *turns) wait() { time.Sleep(time.Duration(w.n.Add(1)) * time.Second) }

func raceDefects() []defect {
	return []defect{
		{"it looks whether the address is free, then takes it", []string{"race-for-address"}, func(b *broken) {
			var turns turns
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				if ctx.Err() != nil || b.one(id).Associated() || b.holds(t.NetworkInterfaceID).Associated() {
					return b.Pool.Associate(ctx, id, t)
				}
				turns.wait()
				b.unhold(b.one(id))
				return b.Pool.Associate(ctx, id, t)
			}
		}},
		{"it looks whether the target is free, then occupies it", []string{"race-for-target"}, func(b *broken) {
			var turns turns
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				if ctx.Err() != nil || b.holds(t.NetworkInterfaceID).Associated() {
					return b.Pool.Associate(ctx, id, t)
				}
				turns.wait()
				b.unhold(b.holds(t.NetworkInterfaceID))
				return b.Pool.Associate(ctx, id, t)
			}
		}},
		{"it looks whether there is an association, then expects it", []string{"race-to-disassociate"}, func(b *broken) {
			var turns turns
			var gone sync.Map
			b.disassociate = func(ctx context.Context, id string) error {
				if _, ok := gone.Load(id); ok {
					return nil
				}
				turns.wait()
				if _, ok := gone.LoadOrStore(id, true); ok {
					return errNoSentinel
				}
				return b.Pool.Disassociate(ctx, id)
			}
		}},
	}
}

func disassociateDefects() []defect {
	return []defect{
		{"Disassociate does nothing", []string{"batch-vacated", "disassociate", "disassociate-old"}, func(b *broken) {
			b.disassociate = func(ctx context.Context, id string) error {
				if ctx.Err() != nil || id == "" {
					return b.Pool.Disassociate(ctx, id)
				}
				return nil
			}
		}},
		{"a freed address shows its last holder", []string{"disassociate"}, func(b *broken) {
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address {
				for i := range list {
					if !list[i].Associated() {
						list[i].InstanceID = "i-last"
					}
				}
				return list
			})
		}},
		{"an association that never was is an error", []string{"disassociate-again"}, func(b *broken) {
			b.disassociate = func(ctx context.Context, id string) error {
				if id == absentAssociationID {
					return eippool.ErrNotFound
				}
				return b.Pool.Disassociate(ctx, id)
			}
		}},
		{"an association that is gone is an error", []string{"disassociate-again", "disassociate-old", "race-to-disassociate"}, func(b *broken) {
			var gone sync.Map
			b.disassociate = func(ctx context.Context, id string) error {
				err := b.Pool.Disassociate(ctx, id)
				if _, ok := gone.LoadOrStore(id, true); ok {
					return eippool.ErrNotFound
				}
				return err
			}
		}},
		{"Disassociate acts by the address that it remembers", []string{"disassociate-old"}, func(b *broken) {
			var of sync.Map // from association ID to allocation ID
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				associationID, err := b.Pool.Associate(ctx, id, t)
				of.Store(associationID, id)
				return associationID, err
			}
			b.disassociate = func(ctx context.Context, id string) error {
				if allocationID, ok := of.Load(id); ok && ctx.Err() == nil {
					b.unhold(b.one(allocationID.(string)))
				}
				return b.Pool.Disassociate(ctx, id)
			}
		}},
		{"an empty ID is any", []string{"disassociate-empty-id"}, func(b *broken) {
			b.disassociate = func(ctx context.Context, id string) error {
				if list, err := b.Pool.List(ctx); err == nil && id == "" {
					for _, a := range list {
						b.unhold(a)
					}
				}
				return b.Pool.Disassociate(ctx, id)
			}
		}},
		{"an empty ID is success", []string{"disassociate-empty-id"}, func(b *broken) {
			b.disassociate = func(ctx context.Context, id string) error {
				if id == "" {
					return nil
				}
				return b.Pool.Disassociate(ctx, id)
			}
		}},
	}
}

func callDefects() []defect {
	return []defect{
		{"List goes on after cancellation", []string{"cancelled"}, func(b *broken) {
			b.list = func(ctx context.Context) ([]eippool.Address, error) { return b.Pool.List(context.WithoutCancel(ctx)) }
		}},
		{"Lookup goes on after cancellation", []string{"cancelled"}, func(b *broken) {
			b.lookup = func(ctx context.Context, ids ...string) ([]eippool.Address, error) {
				return b.Pool.Lookup(context.WithoutCancel(ctx), ids...)
			}
		}},
		{"Associate goes on after cancellation", []string{"cancelled"}, func(b *broken) {
			b.associate = func(ctx context.Context, id string, t eippool.Target) (string, error) {
				return b.Pool.Associate(context.WithoutCancel(ctx), id, t)
			}
		}},
		{"Disassociate hides the context's error", []string{"cancelled"}, func(b *broken) {
			b.disassociate = func(ctx context.Context, id string) error {
				err := b.Pool.Disassociate(ctx, id)
				if errors.Is(err, context.Canceled) {
					return eippool.ErrThrottled
				}
				return err
			}
		}},
		{"List returns its own memory", []string{"change-returned"}, func(b *broken) {
			shared := map[string]string{"pool": "media"}
			b.onList(func(list []eippool.Address) ([]eippool.Address, error) {
				for i := range list {
					list[i].Tags = shared
				}
				return list, nil
			})
		}},
		{"Lookup returns its own memory", []string{"change-returned"}, func(b *broken) {
			shared := map[string]string{"pool": "media"}
			b.onLookup(func(_ []string, list []eippool.Address) []eippool.Address {
				for i := range list {
					list[i].Tags = shared
				}
				return list
			})
		}},
		{"Lookup sorts the caller's slice", []string{"change-given"}, func(b *broken) {
			b.lookup = func(ctx context.Context, ids ...string) ([]eippool.Address, error) {
				slices.Sort(ids)
				return b.Pool.Lookup(ctx, ids...)
			}
		}},
	}
}
