package storetest

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/eipbinder/eipbinder/store"
)

func pauseDefects() []defect {
	return []defect{
		{[]string{"pause-not-set"}, asked(func(bool, string) (bool, string) { return true, "never told otherwise" })},
		{[]string{"pause"}, asked(func(paused bool, _ string) (bool, string) { return paused, "" })},
		{[]string{"pause-without-reason"}, asked(func(_ bool, reason string) (bool, string) {
			return reason != "", reason
		})},
		{[]string{"pause-again"}, func(b *broken) { // leaves a switch that is set as it is
			b.pause = func(ctx context.Context, reason string) error {
				if paused, _, _ := b.Store.Paused(ctx); paused {
					return nil
				}
				return b.Store.Pause(ctx, reason)
			}
		}},
		{[]string{"resume"}, func(b *broken) { // clears the reason alone
			b.resume = func(ctx context.Context) error { return b.Store.Pause(ctx, "") }
		}},
		{[]string{"resume-not-set"}, func(b *broken) {
			b.resume = func(ctx context.Context) error {
				if paused, _, _ := b.Store.Paused(ctx); !paused {
					return store.ErrNotFound
				}
				return b.Store.Resume(ctx)
			}
		}},
		{[]string{"pause-is-no-record"}, func(b *broken) { // lists the switch, too
			b.list = func(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
				return func(yield func(store.Record, error) bool) {
					if paused, _, _ := b.Store.Paused(ctx); !paused || yield(store.Record{}, nil) {
						b.Store.List(ctx, f)(yield)
					}
				}
			}
		}},
		{[]string{"pause-cancelled"}, func(b *broken) {
			b.pause = func(ctx context.Context, reason string) error {
				if err := b.Store.Pause(ctx, reason); err != nil {
					return errors.New(strings.ToUpper(err.Error()))
				}
				return nil
			}
		}},
	}
}

// asked makes a store that changes what Paused says.
func asked(change func(paused bool, reason string) (bool, string)) func(*broken) {
	return func(b *broken) {
		b.paused = func(ctx context.Context) (bool, string, error) {
			paused, reason, err := b.Store.Paused(ctx)
			paused, reason = change(paused, reason)
			return paused, reason, err
		}
	}
}
