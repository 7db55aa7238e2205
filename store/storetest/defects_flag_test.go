package storetest

import (
	"context"
	"errors"

	"github.com/eipbinder/eipbinder/store"
)

func flagDefects() []defect {
	return []defect{
		{[]string{"flag-false-at-first"}, after(func(given store.Record, stored *store.Record, err error) error {
			stored.Allocated = given.Allocated
			return err
		})},
		{[]string{"flag-shown"}, reading(func(_ []store.Key, records []store.Record) []store.Record {
			for i := range records {
				records[i].Allocated = false
			}
			return records
		})},
		{[]string{"flag-kept-by-put"}, resets(func(store.Record) bool { return true })},
		{[]string{"flag-kept-while-hidden"}, resets(func(r store.Record) bool { return r.Draining })},
		{[]string{"flag-kept-while-reserved"}, resets(func(r store.Record) bool { return r.Phase == store.Reserved })},
		{[]string{"flag-reset-by-free"}, after(func(given store.Record, stored *store.Record, err error) error {
			stored.Allocated = stored.Allocated || given.Phase == store.Free
			return err
		})},
		{[]string{"flag-refuses-release"}, before(func(_ store.Record, r *store.Record) { r.Forced = r.Forced || r.Phase == store.Releasing })},
		{[]string{"flag-refuses-free"}, before(func(_ store.Record, r *store.Record) { r.Forced = r.Forced || r.Phase == store.Free })},
		{[]string{"flag-refuses-other-instance"}, before(func(stored store.Record, r *store.Record) {
			r.Forced = r.Forced || r.InstanceID != stored.InstanceID
		})},
		{[]string{"flag-reset-by-free"}, func(b *broken) { // asks for force again
			b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
				if b.stored(r.AllocationID).Allocated && r.Phase == store.Free && !r.Forced {
					return store.Record{}, store.ErrAllocated
				}
				return b.Store.Put(ctx, r)
			}
		}},
		{[]string{"flag-release-forced"}, before(func(_ store.Record, r *store.Record) { r.Forced = false })},
		{[]string{"acquire"}, func(b *broken) {
			b.acquire = func(ctx context.Context, id string) error {
				if err := b.Store.Acquire(ctx, id); !errors.Is(err, store.ErrAllocated) {
					return err
				}
				return nil
			}
		}},
		{[]string{"acquire-invisible"}, func(b *broken) {
			b.acquire = func(ctx context.Context, id string) error {
				if b.stored(id).Draining {
					return nil
				}
				return b.Store.Acquire(ctx, id)
			}
		}},
		{[]string{"acquire-race"}, func(b *broken) { // looks, then sets whatever it saw
			b.acquire = func(ctx context.Context, id string) error {
				_ = b.Store.Acquire(ctx, id)
				return nil
			}
		}},
		{[]string{"yield"}, func(b *broken) {
			b.yield = func(ctx context.Context, id string) error {
				if b.stored(id).Draining {
					return store.ErrNotFound
				}
				return b.Store.Yield(ctx, id)
			}
		}},
		{[]string{"yield-not-bound"}, func(b *broken) {
			b.yield = func(ctx context.Context, id string) error {
				if b.stored(id).Phase != store.Bound {
					return nil
				}
				return b.Store.Yield(ctx, id)
			}
		}},
		{[]string{"flag-is-no-write"}, func(b *broken) {
			b.yield = func(ctx context.Context, id string) error {
				err := b.Store.Yield(ctx, id)
				_, _ = b.Store.Put(ctx, next(b.stored(id), func(*store.Record) {}))
				return err
			}
		}},
	}
}

// resets makes a store that forgets the flag of what is put and selected.
func resets(selected func(store.Record) bool) func(*broken) {
	return func(b *broken) {
		b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
			stored, err := b.Store.Put(ctx, r)
			if err == nil && selected(stored) && stored.Allocated {
				stored.Allocated = false
			}
			return stored, err
		}
	}
}
