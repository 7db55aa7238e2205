package fleettest

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

func callDefects() []defect {
	return []defect{
		{"Describe wraps a context's error", []string{"cancelled"}, func(b *broken) {
			b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
				found, err := b.Fleet.Describe(ctx, ids...)
				if err != nil {
					err = fmt.Errorf("describe: %w", err)
				}
				return found, err
			}
		}},
		{"Describe does not look at the context", []string{"cancelled"}, func(b *broken) {
			b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
				return b.Fleet.Describe(context.WithoutCancel(ctx), ids...)
			}
		}},
		{"List does not look at the context", []string{"cancelled"}, func(b *broken) {
			b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
				return b.Fleet.List(context.WithoutCancel(ctx))
			}
		}},
		{"List wraps a context's error", []string{"cancelled", "list-cancelled"}, func(b *broken) {
			b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
				return func(yield func(binder.Instance, error) bool) {
					for i, err := range b.Fleet.List(ctx) {
						if err != nil {
							err = fmt.Errorf("list: %w", err)
						}
						if !yield(i, err) {
							return
						}
					}
				}
			}
		}},
		{"a deadline is a cancellation", []string{"cancelled"}, func(b *broken) {
			b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
				found, err := b.Fleet.Describe(ctx, ids...)
				if err != nil {
					err = context.Canceled
				}
				return found, err
			}
		}},
		{"Describe returns the tags that it keeps", []string{"change-returned"}, func(b *broken) { b.onInstance(shareTags()) }},
		{"List yields the tags that it keeps", []string{"change-returned"}, func(b *broken) { b.onListed(shareTags()) }},
		{"one describes at a time", []string{"concurrent"}, func(b *broken) {
			var busy atomic.Bool
			b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
				if !busy.CompareAndSwap(false, true) {
					return nil, errDown
				}
				defer busy.Store(false)
				time.Sleep(time.Second)
				return b.Fleet.Describe(ctx, ids...)
			}
		}},
		{"one lists at a time", []string{"concurrent"}, func(b *broken) {
			var busy atomic.Bool
			b.onList(func(found []binder.Instance) ([]binder.Instance, error) {
				if !busy.CompareAndSwap(false, true) {
					return nil, errDown
				}
				defer busy.Store(false)
				time.Sleep(time.Second)
				return found, nil
			})
		}},
		{"who lists gets what another one has found", []string{"concurrent"}, func(b *broken) {
			var mu sync.Mutex
			var turn int
			b.onList(func(found []binder.Instance) ([]binder.Instance, error) {
				mu.Lock()
				turn++
				mine := turn
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				if mine != turn { // somebody has begun since, and taken the buffer
					return found[:0], nil
				}
				return found, nil
			})
		}},
	}
}

// shareTags makes an instance's tags the same memory each time.
func shareTags() func(*binder.Instance) {
	var mu sync.Mutex
	kept := map[string]map[string]string{}
	return func(i *binder.Instance) {
		mu.Lock()
		defer mu.Unlock()
		if kept[i.ID] == nil {
			kept[i.ID] = maps.Clone(i.Tags)
		}
		i.Tags = kept[i.ID]
	}
}
