package pooltest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eipbinder/eipbinder/eippool"
)

func paceDefects() []defect {
	return []defect{
		{"Pace returns a context of its own", []string{"pace"}, func(b *broken) {
			b.onPace(func(_, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if err == nil {
					paced = context.Background()
				}
				return paced, done, err
			})
		}},
		{"the context of Pace outlives the caller's", []string{"pace"}, func(b *broken) {
			b.onPace(func(_, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if err == nil {
					paced = context.WithoutCancel(paced)
				}
				return paced, done, err
			})
		}},
		{"unused turns are lost", []string{"pace-unused"}, func(b *broken) {
			b.onPace(func(_, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if err == nil {
					done = func() {}
				}
				return paced, done, err
			})
		}},
		{"a turn that comes too late is waited for", []string{"pace-late"}, func(b *broken) {
			b.onPace(func(ctx, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if errors.Is(err, eippool.ErrThrottled) {
					<-ctx.Done()
					err = ctx.Err()
				}
				return paced, done, err
			})
		}},
		{"a turn that comes too late is a throttle like any other", []string{"pace-late"}, func(b *broken) {
			b.onPace(func(_, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if errors.Is(err, eippool.ErrThrottled) {
					err = eippool.ErrThrottled
				}
				return paced, done, err
			})
		}},
		{"Pace goes on after cancellation", []string{"pace-cancelled"}, func(b *broken) {
			b.onPace(func(ctx, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if errors.Is(err, context.Canceled) {
					return b.turn(context.WithoutCancel(ctx))
				}
				return paced, done, err
			})
		}},
		{"Pace wraps the context's error", []string{"pace-cancelled"}, func(b *broken) {
			b.onPace(func(_, paced context.Context, done func(), err error) (context.Context, func(), error) {
				if errors.Is(err, context.Canceled) {
					err = fmt.Errorf("pace: %w", err)
				}
				return paced, done, err
			})
		}},
	}
}

// onPace lets a defect change what Pace returns.
func (b *broken) onPace(change func(ctx, paced context.Context, done func(), err error) (context.Context, func(), error)) {
	b.pace = func(ctx context.Context) (context.Context, func(), error) {
		paced, done, err := b.turn(ctx)
		return change(ctx, paced, done, err)
	}
}
