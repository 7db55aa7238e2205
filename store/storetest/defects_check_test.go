package storetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/store"
)

func checkDefects() []defect {
	return []defect{
		{[]string{"check"}, func(b *broken) { // takes the first record for something else
			b.check = func(ctx context.Context) error {
				for range b.Store.List(ctx, store.Filter{}) {
					return errors.New("not empty")
				}
				return ctx.Err()
			}
		}},
		{[]string{"audit"}, func(b *broken) { // expects nobody to be draining
			b.audit = func(ctx context.Context, _ bool) (found []store.Discrepancy, err error) {
				for r := range b.Store.List(ctx, store.Filter{}) {
					if r.Draining {
						found = append(found, store.Discrepancy{Kind: "stale row", AllocationID: r.AllocationID})
					}
				}
				return found, ctx.Err()
			}
		}},
		{[]string{"audit"}, func(b *broken) { // clears flags
			b.audit = func(ctx context.Context, repair bool) ([]store.Discrepancy, error) {
				for r := range b.Store.List(ctx, store.Filter{}) {
					if repair && r.Allocated {
						_ = b.Store.Yield(ctx, r.AllocationID)
					}
				}
				return nil, ctx.Err()
			}
		}},
		{[]string{"check-cancelled"}, func(b *broken) { b.check = func(context.Context) error { return nil } }},
		{[]string{"check-cancelled"}, func(b *broken) {
			b.audit = func(context.Context, bool) ([]store.Discrepancy, error) { return nil, nil }
		}},
	}
}
