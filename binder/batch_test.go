package binder_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
)

// batches notes under which batch the calls were made that a pool passes on, by
// their names.
type batches struct {
	mu    sync.Mutex
	calls map[*eippool.Batch][]string
}

func (b *batches) note(ctx context.Context, call string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls == nil {
		b.calls = map[*eippool.Batch][]string{}
	}
	batch := eippool.BatchOf(ctx)
	b.calls[batch] = append(b.calls[batch], call)
}

// since returns the calls of each batch since the last time it was asked; those
// without one are under nil.
func (b *batches) since() map[*eippool.Batch][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := b.calls
	b.calls = nil
	return calls
}

// one fails the test unless there was one batch, a new one, with so many calls of
// Associate and at least one List.
func (b *batches) one(t *testing.T, associations int, others ...*eippool.Batch) *eippool.Batch {
	t.Helper()
	calls := b.since()
	var batch *eippool.Batch
	for batch = range calls {
	}
	if len(calls) != 1 || batch == nil || slices.Contains(others, batch) {
		t.Fatalf("calls by batch: %v, want one batch, and another one than %v", calls, others)
	}
	n := 0
	for _, call := range calls[batch] {
		if call == "Associate" {
			n++
		}
	}
	if n != associations || !slices.Contains(calls[batch], "List") {
		t.Errorf("a batch of %v, want a List and %d times Associate", calls[batch], associations)
	}
	return batch
}

// batchedPool is a pool that gives turns.
type batchedPool struct {
	eippool.Pool
	seen *batches
}

type turnKey struct{}

func (p batchedPool) Pace(ctx context.Context) (context.Context, func(), error) {
	return context.WithValue(ctx, turnKey{}, true), func() {}, nil
}

func (p batchedPool) List(ctx context.Context) ([]eippool.Address, error) {
	p.seen.note(ctx, "List")
	return p.Pool.List(ctx)
}

func (p batchedPool) Associate(ctx context.Context, id string, target eippool.Target) (string, error) {
	p.seen.note(ctx, "Associate")
	return p.Pool.Associate(ctx, id, target)
}

func (w *world) batchedBinder(seen *batches) *binder.Binder {
	w.t.Helper()
	b, err := binder.New(binder.Backends{
		Fleet: w.fleet, Pool: batchedPool{w.pool, seen}, Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: w.store,
	}, func(o *binder.Options) { o.Suffix = suffix })
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// Each call of a Binder is a batch of its own, whatever the context that it is
// given has already, and all that it associates is of this batch.
func TestEveryCallIsABatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w, seen := newWorld(t, 20), &batches{}
		b := w.batchedBinder(seen)
		ids := func(from, to int) (ids []string) {
			for n := from; n < to; n++ {
				ids = append(ids, fmt.Sprintf("i-%d", n))
				w.launch(ids[len(ids)-1])
			}
			return ids
		}
		ctx := eippool.WithBatch(t.Context())
		known := []*eippool.Batch{eippool.BatchOf(ctx)}
		for _, call := range []struct {
			associations int
			of           func() error
		}{
			{6, func() error { _, err := b.Reconcile(ctx, ids(0, 6)...); return err }},
			{4, func() error { _, err := b.Reconcile(ctx, ids(6, 10)...); return err }},
			{1, func() error { _, err := b.Bind(ctx, ids(10, 11)[0]); return err }},
			{3, func() error { ids(11, 14); _, err := b.Sweep(ctx); return err }},
		} {
			if err := call.of(); err != nil {
				t.Fatal(err)
			}
			known = append(known, seen.one(t, call.associations, known...))
		}
	})
}

// So are calls at the same time.
func TestCallsAtOnceAreBatchesEach(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w, seen := newWorld(t, 20), &batches{}
		b := w.batchedBinder(seen)
		var group sync.WaitGroup
		for n := range 4 {
			id := fmt.Sprintf("i-%d", n)
			w.launch(id)
			group.Go(func() { reconcile(t, b, id) })
		}
		group.Wait()
		calls := seen.since()
		if len(calls) != 4 || calls[nil] != nil {
			t.Errorf("calls by batch: %v, want four batches", calls)
		}
	})
}

// The profiles of a Mux share the batch of one call.
func TestMuxCallIsABatch(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		seen := &batches{}
		m := w.mux(func(profiles []binder.Profile) {
			for i := range profiles {
				profiles[i].Backends.Pool = batchedPool{profiles[i].Backends.Pool, seen}
			}
		})
		ctx := eippool.WithBatch(t.Context())
		known := []*eippool.Batch{eippool.BatchOf(ctx)}
		if _, err := m.Reconcile(ctx, w.launchEach()...); err != nil {
			t.Fatal(err)
		}
		known = append(known, seen.one(t, 3, known...))
		w.launch("i-one-more", map[string]string{nodepool: "voice"})
		if _, err := m.Reconcile(ctx, "i-one-more"); err != nil {
			t.Fatal(err)
		}
		known = append(known, seen.one(t, 1, known...))
		if _, err := m.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		swept := seen.since() // in a batch of each profile's
		if len(swept) != len(classes) || slices.ContainsFunc(known, func(b *eippool.Batch) bool { return swept[b] != nil }) || swept[nil] != nil {
			t.Errorf("calls of a sweep by batch: %v, want one for each profile", slices.Collect(maps.Values(swept)))
		}
	})
}
