package storm

import (
	"context"
	"iter"
	"sync"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

var (
	_ store.Store  = (*Records)(nil)
	_ store.Pauser = (*Records)(nil)
)

// Records is a record store that takes as long as DynamoDB, counts, and shows
// the judge the rows that schedule servers would see.
type Records struct {
	*memstore.Store
	world *World

	mu           sync.Mutex
	transactions int
	reads        int
	calls        map[string]int // by operation and key
}

func newRecords(w *World) *Records {
	return &Records{Store: memstore.New(), world: w, calls: map[string]int{}}
}

// Get implements [store.Store].
func (r *Records) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	name := "get"
	if len(keys) > 0 {
		name += " " + keys[0].String()
	}
	if err := r.wait(ctx, name, &r.reads); err != nil {
		return nil, err
	}
	return r.Store.Get(ctx, keys...)
}

// Put implements [store.Store].
func (r *Records) Put(ctx context.Context, rec store.Record) (store.Record, error) {
	if err := r.wait(ctx, "put "+rec.AllocationID, &r.transactions); err != nil {
		return store.Record{}, err
	}
	stored, err := r.Store.Put(ctx, rec)
	switch {
	case err != nil:
	case stored.Visible():
		r.world.judge.show(row{stored.InstanceID, stored.AllocationID, stored.Name}, stored.Version)
	default:
		r.world.judge.hide(stored.AllocationID, stored.Version)
	}
	return stored, err
}

// Delete implements [store.Store].
func (r *Records) Delete(ctx context.Context, rec store.Record) error {
	if err := r.wait(ctx, "delete "+rec.AllocationID, &r.transactions); err != nil {
		return err
	}
	return r.Store.Delete(ctx, rec)
}

// List implements [store.Store].
func (r *Records) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := r.wait(ctx, "list", &r.reads); err != nil {
			yield(store.Record{}, err)
			return
		}
		r.Store.List(ctx, f)(yield)
	}
}

// Paused implements [store.Pauser].
func (r *Records) Paused(ctx context.Context) (bool, string, error) {
	if err := r.wait(ctx, "paused", &r.reads); err != nil {
		return false, "", err
	}
	return r.Store.Paused(ctx)
}

// wait counts the operation and lets its time pass, which follows from its name
// and how often it was called.
func (r *Records) wait(ctx context.Context, name string, counter *int) error {
	r.mu.Lock()
	*counter++
	r.calls[name]++
	n := r.calls[name]
	r.mu.Unlock()
	return sleep(ctx, within(storeLatency(), r.world.Seed, name, n))
}

func (r *Records) counts() (transactions, reads int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.transactions, r.reads
}

// write lets the time of a write pass that is no record of this module's.
func (r *Records) write(ctx context.Context, name string) error {
	return r.wait(ctx, name, &r.transactions)
}
