package eippool

import (
	"context"
	"sync"
)

// Batch is a place for what a pool remembers while its caller works on one batch:
// one call of the binder's Reconcile or Sweep, say. It travels in the context of
// all calls that the batch makes, through wrappers of the pool too, and what is in
// it is gone with the batch.
//
// What a pool may remember there is that an interface was seen to hold nothing, for
// 15 seconds at most: that spares Associate the question before each call. It may
// not remember that an interface holds something, which may have gone since; nor
// answer List or Lookup from what it remembers, since by them addresses are chosen
// and taken back. Under a batch as without, they ask the cloud. Nor may it use
// what it has seen for another batch: what happened in between decides there.
//
// A Batch is safe for concurrent use. Make one with WithBatch.
type Batch struct {
	kept sync.Map
}

// WithBatch returns ctx with a new Batch in it, in place of one that it may have.
func WithBatch(ctx context.Context) context.Context {
	return context.WithValue(ctx, batchKey{}, new(Batch))
}

// BatchOf returns the context's Batch, nil if it has none: then there is nothing
// that a pool may remember from call to call.
func BatchOf(ctx context.Context) *Batch {
	b, _ := ctx.Value(batchKey{}).(*Batch)
	return b
}

type batchKey struct{}

// Keep returns what the batch keeps under the key, which is value from now on if it
// keeps nothing there. Pools use themselves as the key, so that several of them do
// not meet; it must be comparable.
func (b *Batch) Keep(key, value any) any {
	kept, _ := b.kept.LoadOrStore(key, value)
	return kept
}
