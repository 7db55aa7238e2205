package route53zone

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// call is one Apply that waits for its changes to be made.
type call struct {
	ctx     context.Context
	changes []dnspolicy.Change
	size    size
	since   time.Time
	outcome chan outcome // has room for the one that there will be
}

type outcome struct {
	propagation dnspolicy.Propagation
	err         error
}

// batcher gathers calls and hands them on, some at a time and one lot after the
// other. Its worker is a goroutine that lives as long as there are calls; no caller
// works for the others, so that each can leave when its context ends.
type batcher struct {
	linger time.Duration
	limit  size
	// commit makes the changes of the calls, and answers each of them.
	commit func([]*call)

	mu      sync.Mutex
	waiting []*call
	working bool
	full    chan struct{} // while the worker lingers: closed when there is no use in it
}

// do has the changes made. It returns with ctx at the latest.
func (b *batcher) do(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	c := &call{ctx: ctx, changes: clone(changes), size: sizeOf(changes), since: time.Now(), outcome: make(chan outcome, 1)}
	b.enqueue(c)
	select {
	case o := <-c.outcome:
		return o.propagation, o.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (b *batcher) enqueue(c *call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, c)
	if b.full != nil && b.isFull() {
		close(b.full)
		b.full = nil
	}
	if !b.working {
		b.working = true
		go b.work()
	}
}

func (b *batcher) work() {
	for {
		calls, more := b.next()
		if !more {
			return
		}
		b.commit(calls)
	}
}

// next waits until it is time for the next request, and takes its calls out of
// the queue. If there are none the worker must end.
func (b *batcher) next() (calls []*call, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = present(b.waiting)
	if len(b.waiting) == 0 {
		b.working = false
		return nil, false
	}
	if wait := b.linger - time.Since(b.waiting[0].since); wait > 0 && !b.isFull() {
		b.pause(wait)
	}
	calls, b.waiting = split(present(b.waiting), b.limit)
	return calls, true
}

// pause lets other calls come, until the time is over or a request is full.
func (b *batcher) pause(d time.Duration) {
	full := make(chan struct{})
	b.full = full
	b.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-full:
	}
	b.mu.Lock()
	b.full = nil
}

func (b *batcher) isFull() bool { return load(b.waiting).fills(b.limit) }

// split divides the queue into the calls of the next request and the others. A
// call stays behind if there is no room for it, or if a call before it is about the same
// record set: those keep their order. The first one never stays.
func split(queue []*call, limit size) (batch, rest []*call) {
	var total size
	seen := map[dnspolicy.RRKey]bool{}
	for _, c := range queue {
		if sum := total.plus(c.size); sum.within(limit) && !c.touches(seen) {
			batch, total = append(batch, c), sum
		} else {
			rest = append(rest, c)
		}
		for _, change := range c.changes {
			seen[change.Key()] = true
		}
	}
	return batch, rest
}

func (c *call) touches(keys map[dnspolicy.RRKey]bool) bool {
	for _, change := range c.changes {
		if keys[change.Key()] {
			return true
		}
	}
	return false
}

// answerAll gives all the calls the same answer.
func answerAll(calls []*call, p dnspolicy.Propagation, err error) {
	for _, c := range calls {
		c.outcome <- outcome{p, err}
	}
}

// present returns the calls whose callers still wait.
func present(calls []*call) []*call {
	var here []*call
	for _, c := range calls {
		if c.ctx.Err() == nil {
			here = append(here, c)
		}
	}
	return here
}

// load returns the size of a request for all of the calls.
func load(calls []*call) (total size) {
	for _, c := range calls {
		total = total.plus(c.size)
	}
	return total
}

// errLeft is why work for several calls was broken off.
var errLeft = errors.New("broken off, since a caller whose changes it carried had gone")

// outlast is for how long a request goes on after the first of its callers has
// gone: it still carries, and may repeat, a change that nobody waits for. It is
// short beside the leases of those who count on a bound.
const outlast = 10 * time.Second

const forever time.Duration = math.MaxInt64

// together returns a context for work for all of the calls. It has the first one's
// values, and ends when the last one's has ended, or a grace after the first one that
// has.
func together(calls []*call, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(calls[0].ctx))
	expiry := time.AfterFunc(forever, func() { cancel(errLeft) })
	var gone atomic.Int64
	stops := make([]func() bool, len(calls))
	for i, c := range calls {
		stops[i] = context.AfterFunc(c.ctx, func() {
			switch gone.Add(1) {
			case int64(len(calls)):
				cancel(errLeft)
			case 1:
				expiry.Reset(grace)
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		expiry.Stop()
		cancel(nil)
	}
}
