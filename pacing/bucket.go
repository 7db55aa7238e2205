package pacing

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// calm is for how long after a slow-down there is no other one: throttles
// meanwhile are answers to what was sent before.
const calm = time.Second

// bucket paces one action: it gives tokens to those who wait, in their order.
type bucket struct {
	action  string
	limited bool

	mu     sync.Mutex
	level  level
	next   time.Time   // no token before, because of the gap to the last one
	slowed time.Time   // when the level was last slowed down
	again  list.List   // of *waiter: second and later attempts of calls that had a turn
	first  list.List   // of *waiter: all others, behind
	timer  *time.Timer // for the first one's token; nil if nobody waits
	seen   Stats
}

// waiter is one who waits for a token.
type waiter struct {
	granted chan struct{} // closed once the token is the waiter's
	queue   *list.List
	place   *list.Element // nil once granted
}

func newBucket(action string, s speed, limited bool) *bucket {
	return &bucket{action: action, limited: limited, level: s.full(time.Now())}
}

// take waits for a token. With an error none is taken.
func (b *bucket) take(ctx context.Context, again bool) error {
	if err := ctx.Err(); err != nil || !b.limited {
		return err
	}
	w, err := b.enter(ctx, again)
	if err != nil {
		return err
	}
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		b.leave(w)
		return ctx.Err()
	}
}

// enter puts a waiter at its place, unless its token would come too late.
func (b *bucket) enter(ctx context.Context, again bool) (*waiter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.advance()
	w := &waiter{granted: make(chan struct{}), queue: &b.first}
	ahead := b.again.Len() + b.first.Len()
	if again {
		w.queue, ahead = &b.again, b.again.Len()
	}
	turn := b.turnAfter(now, ahead)
	if deadline, ok := ctx.Deadline(); ok && now.Add(turn).After(deadline) {
		return nil, &LateError{Action: b.action, After: turn}
	}
	w.place = w.queue.PushBack(w)
	b.serve(now)
	return w, nil
}

// turnAfter returns how long somebody waits who has so many ahead.
func (b *bucket) turnAfter(now time.Time, ahead int) time.Duration {
	return max(b.level.after(float64(ahead+1)), b.next.Sub(now)+time.Duration(ahead)*b.level.gap, 0)
}

// leave gives back the waiter's place, or its token if it has just got one.
func (b *bucket) leave(w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.place == nil {
		b.refund()
		return
	}
	w.queue.Remove(w.place)
	b.serve(b.advance())
}

// giveBack gives back a token that was not used.
func (b *bucket) giveBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refund()
}

func (b *bucket) refund() {
	if !b.limited {
		return
	}
	now := b.advance()
	b.level.tokens = min(b.level.tokens+1, b.level.burst)
	b.serve(now)
}

// due is called by the timer.
func (b *bucket) due() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serve(b.advance())
}

// advance lets the level follow the time, and returns it.
func (b *bucket) advance() (now time.Time) {
	now = time.Now()
	b.level.advance(now)
	return now
}

// serve gives out what tokens there are now, and sets the timer for the next.
func (b *bucket) serve(now time.Time) {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	for w := b.head(); w != nil; w = b.head() {
		if d := b.turnAfter(now, 0); d > 0 {
			b.timer = time.AfterFunc(d, b.due)
			return
		}
		b.level.tokens--
		b.next = now.Add(b.level.gap)
		w.queue.Remove(w.place)
		w.place = nil
		close(w.granted)
	}
}

// head returns who is next, nil if nobody waits.
func (b *bucket) head() *waiter {
	for _, queue := range []*list.List{&b.again, &b.first} {
		if e := queue.Front(); e != nil {
			return e.Value.(*waiter)
		}
	}
	return nil
}

// slow answers a throttle: AWS has no token, whatever the bucket believes.
func (b *bucket) slow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.limited {
		return
	}
	now := b.advance()
	b.level.tokens = min(b.level.tokens, 0)
	if now.Sub(b.slowed) >= calm {
		b.slowed = now
		b.level.slow()
	}
	b.serve(now)
}

// count adds to the statistics.
func (b *bucket) count(attempts, throttled int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen.Attempts += attempts
	b.seen.Throttled += throttled
}

func (b *bucket) stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.advance()
	s := b.seen
	s.Waiting, s.Rate = b.again.Len()+b.first.Len(), b.level.rate()
	return s
}
