package storetest

import (
	"context"
	"iter"
	"sync"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// broken is a right store with some calls replaced by wrong ones.
type broken struct {
	*memstore.Store
	put     func(context.Context, store.Record) (store.Record, error)
	get     func(context.Context, ...store.Key) ([]store.Record, error)
	delete  func(context.Context, store.Record) error
	list    func(context.Context, store.Filter) iter.Seq2[store.Record, error]
	acquire func(context.Context, string) error
	yield   func(context.Context, string) error
	pause   func(context.Context, string) error
	resume  func(context.Context) error
	paused  func(context.Context) (bool, string, error)
	check   func(context.Context) error
	audit   func(context.Context, bool) ([]store.Discrepancy, error)

	mu     sync.Mutex
	kept   map[string]store.Record
	hidden int
}

func newBroken() *broken {
	s := memstore.New()
	return &broken{
		Store: s, put: s.Put, get: s.Get, delete: s.Delete, list: s.List, acquire: s.Acquire, yield: s.Yield,
		pause: s.Pause, resume: s.Resume, paused: s.Paused,
		check: func(ctx context.Context) error { return ctx.Err() },
		audit: func(ctx context.Context, _ bool) ([]store.Discrepancy, error) { return nil, ctx.Err() },
		kept:  map[string]store.Record{},
	}
}

func (b *broken) Put(ctx context.Context, r store.Record) (store.Record, error) { return b.put(ctx, r) }

func (b *broken) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	return b.get(ctx, keys...)
}

func (b *broken) Delete(ctx context.Context, r store.Record) error { return b.delete(ctx, r) }

func (b *broken) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return b.list(ctx, f)
}

func (b *broken) Acquire(ctx context.Context, id string) error { return b.acquire(ctx, id) }

func (b *broken) Yield(ctx context.Context, id string) error { return b.yield(ctx, id) }

func (b *broken) Pause(ctx context.Context, reason string) error { return b.pause(ctx, reason) }

func (b *broken) Resume(ctx context.Context) error { return b.resume(ctx) }

func (b *broken) Paused(ctx context.Context) (bool, string, error) { return b.paused(ctx) }

func (b *broken) Check(ctx context.Context) error { return b.check(ctx) }

func (b *broken) Audit(ctx context.Context, repair bool) ([]store.Discrepancy, error) {
	return b.audit(ctx, repair)
}

// stored is the record as it truly is.
func (b *broken) stored(id string) (r store.Record) {
	records, _ := b.Store.Get(context.Background(), store.ByAddress(id))
	for _, r = range records {
	}
	return r
}

// before makes a store that changes what is put before it is put.
func before(change func(stored store.Record, r *store.Record)) func(*broken) {
	return func(b *broken) {
		b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
			change(b.stored(r.AllocationID), &r)
			return b.Store.Put(ctx, r)
		}
	}
}

// after makes a store that changes what Put returns.
func after(change func(given store.Record, stored *store.Record, err error) error) func(*broken) {
	return func(b *broken) {
		b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
			stored, err := b.Store.Put(ctx, r)
			err = change(r, &stored, err)
			return stored, err
		}
	}
}

// reading makes a store that changes what Get returns.
func reading(change func(keys []store.Key, records []store.Record) []store.Record) func(*broken) {
	return func(b *broken) {
		b.get = func(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
			records, err := b.Store.Get(ctx, keys...)
			return change(keys, records), err
		}
	}
}

// listing makes a store that changes what List yields.
func listing(change func(f store.Filter, records []store.Record) []store.Record) func(*broken) {
	return func(b *broken) {
		b.list = func(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
			return func(yield func(store.Record, error) bool) {
				var records []store.Record
				for r, err := range b.Store.List(ctx, store.Filter{}) {
					if err != nil {
						yield(r, err)
						return
					}
					records = append(records, r)
				}
				for _, r := range change(f, records) {
					if !yield(r, nil) {
						return
					}
				}
			}
		}
	}
}
