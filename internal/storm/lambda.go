package storm

import (
	"context"
	"errors"
	"sync"
	"time"
)

// function is a Lambda function. An environment handles one invocation at a
// time, and is used again.
type function struct {
	// concurrency is how many environments there may be at once.
	concurrency int
	// timeout ends an invocation.
	timeout time.Duration
	// coldStart is how long a new environment takes.
	coldStart time.Duration
	// handle handles an event in the environment of this number.
	handle func(ctx context.Context, environment int, event []byte) error

	mu      sync.Mutex
	idle    []int           // the last one used is used first
	made    int             // environments
	waiting []chan struct{} // invocations, the oldest first
}

// invokeAsync is what EventBridge's invocations go through: after an error Lambda
// tries again, one minute later and two more minutes later, and then gives up.
// An invocation that finds no environment free waits for its turn; Lambda's own
// queue comes back for it after 1 s to 5 minutes.
func (f *function) invokeAsync(ctx context.Context, event []byte) {
	for _, pause := range []time.Duration{0, time.Minute, 2 * time.Minute} {
		if sleep(ctx, pause) != nil || f.invoke(ctx, event) == nil {
			return
		}
	}
}

// invoke returns the function's error, or that of the time-out.
func (f *function) invoke(ctx context.Context, event []byte) error {
	n, cold, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.leave(n)
	if cold && sleep(ctx, f.coldStart) != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return errors.Join(f.handle(ctx, n, event), ctx.Err())
}

// enter returns an environment, as soon as there is one.
func (f *function) enter(ctx context.Context) (environment int, cold bool, err error) {
	for {
		f.mu.Lock()
		if last := len(f.idle) - 1; last >= 0 {
			environment, f.idle = f.idle[last], f.idle[:last]
			f.mu.Unlock()
			return environment, false, nil
		}
		if f.made < f.concurrency {
			f.made++
			environment = f.made
			f.mu.Unlock()
			return environment, true, nil
		}
		turn := make(chan struct{})
		f.waiting = append(f.waiting, turn)
		f.mu.Unlock()
		select {
		case <-turn:
		case <-ctx.Done():
			return 0, false, ctx.Err()
		}
	}
}

func (f *function) leave(environment int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, environment)
	if len(f.waiting) > 0 {
		close(f.waiting[0])
		f.waiting = f.waiting[1:]
	}
}
