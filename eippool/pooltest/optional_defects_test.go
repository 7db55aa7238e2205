package pooltest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/eippool"
)

func optionalDefects() []defect {
	return []defect{
		{"bought addresses carry no tags", []string{"allocate"}, func(b *broken) {
			b.allocate = func(ctx context.Context) (eippool.Address, error) {
				a, err := b.Pool.Allocate(ctx)
				b.SetTags(a.AllocationID, nil)
				return a, err
			}
		}},
		{"the limit is an error without sentinel", []string{"allocate-limit"}, func(b *broken) {
			b.allocate = func(ctx context.Context) (eippool.Address, error) {
				a, err := b.Pool.Allocate(ctx)
				return a, forget(eippool.ErrLimit, err)
			}
		}},
		{"Allocate goes on after cancellation", []string{"allocator-cancelled"}, func(b *broken) {
			b.allocate = func(ctx context.Context) (eippool.Address, error) {
				return b.Pool.Allocate(context.WithoutCancel(ctx))
			}
		}},
		{"Release goes on after cancellation", []string{"allocator-cancelled"}, func(b *broken) {
			b.release = func(ctx context.Context, id string) error {
				return b.Pool.Release(context.WithoutCancel(ctx), id)
			}
		}},
		{"Release does nothing", []string{"release"}, func(b *broken) {
			b.release = func(ctx context.Context, id string) error {
				if a := b.one(id); ctx.Err() != nil || a.Associated() || b.ReverseName(id) != "" {
					return b.Pool.Release(ctx, id)
				}
				return nil
			}
		}},
		{"what is released already is an error", []string{"release-again"}, func(b *broken) {
			b.release = func(ctx context.Context, id string) error {
				if b.one(id).AllocationID == "" {
					return eippool.ErrNotFound
				}
				return b.Pool.Release(ctx, id)
			}
		}},
		{"held addresses are released", []string{"release-held"}, func(b *broken) {
			b.release = func(ctx context.Context, id string) error {
				b.unhold(b.one(id))
				return b.Pool.Release(ctx, id)
			}
		}},
		{"a held address is disassociated, but not released", []string{"release-held"}, func(b *broken) {
			b.release = func(ctx context.Context, id string) error {
				err := b.Pool.Release(ctx, id)
				b.unhold(b.one(id))
				return err
			}
		}},
		{"a locked address is an error without sentinel", []string{"release-locked"}, func(b *broken) {
			b.release = func(ctx context.Context, id string) error {
				return forget(eippool.ErrLocked, b.Pool.Release(ctx, id))
			}
		}},
		{"the name that it has is an error", []string{"reverse-set"}, func(b *broken) {
			b.setReverse = func(ctx context.Context, id, name string) error {
				if b.ReverseName(id) == name {
					return eippool.ErrInvalid
				}
				return b.named(ctx, id, name)
			}
		}},
		{"another name is refused", []string{"reverse-set"}, func(b *broken) {
			b.setReverse = func(ctx context.Context, id, name string) error {
				if had := b.ReverseName(id); had != "" && had != name {
					return eippool.ErrLocked
				}
				return b.named(ctx, id, name)
			}
		}},
		{"SetReverseName of an absent address is an error without sentinel", []string{"reverse-set-absent"}, func(b *broken) {
			b.setReverse = func(ctx context.Context, id, name string) error {
				return forget(eippool.ErrNotFound, b.named(ctx, id, name))
			}
		}},
		{"any name is set", []string{"reverse-set-without-forward"}, func(b *broken) { b.setReverse = b.Pool.SetReverseName }},
		{"ClearReverseName does nothing", []string{"reverse-clear"}, func(b *broken) {
			b.clearReverse = func(ctx context.Context, id string) error {
				if b.ReverseName(id) != "" && ctx.Err() == nil {
					return nil
				}
				return b.Pool.ClearReverseName(ctx, id)
			}
		}},
		{"no name is an error", []string{"reverse-clear-none"}, func(b *broken) {
			b.clearReverse = func(ctx context.Context, id string) error {
				if b.ReverseName(id) == "" && b.one(id).AllocationID != "" && ctx.Err() == nil {
					return eippool.ErrInvalid
				}
				return b.Pool.ClearReverseName(ctx, id)
			}
		}},
		{"ClearReverseName of an absent address is success", []string{"reverse-clear-absent"}, func(b *broken) {
			b.clearReverse = func(ctx context.Context, id string) error {
				err := b.Pool.ClearReverseName(ctx, id)
				if errors.Is(err, eippool.ErrNotFound) {
					return nil
				}
				return err
			}
		}},
		{"SetReverseName goes on after cancellation", []string{"reverse-cancelled"}, func(b *broken) {
			b.setReverse = func(ctx context.Context, id, name string) error {
				return b.named(context.WithoutCancel(ctx), id, name)
			}
		}},
		{"ClearReverseName goes on after cancellation", []string{"reverse-cancelled"}, func(b *broken) {
			b.clearReverse = func(ctx context.Context, id string) error {
				return b.Pool.ClearReverseName(context.WithoutCancel(ctx), id)
			}
		}},
	}
}

// forget returns err, or an error without sentinel if err is that one.
func forget(sentinel, err error) error {
	if errors.Is(err, sentinel) {
		return errNoSentinel
	}
	return err
}
