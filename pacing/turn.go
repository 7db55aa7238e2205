package pacing

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Turn waits for the token of the next call of an action, such as
// "AssociateAddress", before that call is made: for who must not wait once it
// has begun, because it then holds a lease, say. The first attempt of a call of
// that action under the context paced needs no further token. Its later
// attempts, if AWS does not accept the first one, take tokens of their own, ahead
// of everything that has not begun. A turn is for one call; what else happens
// under paced is paced as usual, calls of other actions included, and turns for
// several actions can be taken one inside the other.
//
// done gives back a turn that was not used. It must be called in any case, at
// the end; calling it again, or after the turn was used, does nothing.
//
// Turns and calls are served in the order in which they ask. If the turn would
// come only after the deadline of ctx, as far as can be seen, Turn returns a
// *[LateError] at once. If ctx ends while it waits, it returns the context's error. With
// an error, nothing is taken, the place in the queue is the others' again, and
// paced and done are nil. An action without limit never waits.
func (p *Pacer) Turn(ctx context.Context, action string) (paced context.Context, done func(), err error) {
	b := p.bucket(action)
	if err := b.take(ctx, false); err != nil {
		return nil, nil, err
	}
	t := &turn{bucket: b}
	return context.WithValue(ctx, turnKey{p, action}, t), t.giveBack, nil
}

// LateError says that a call or a turn would have had to wait for longer than
// its context lasts. Nothing was sent and nothing taken.
type LateError struct {
	// Action is the API action.
	Action string
	// After is how long the wait would have been.
	After time.Duration
}

// Error implements error.
func (e *LateError) Error() string {
	return fmt.Sprintf("pacing: the turn for %s comes in %s, after the context's deadline", e.Action, e.After.Round(time.Millisecond))
}

// RetryAfter returns how long the wait would have been: coming back then finds
// no shorter queue, but one that others have waited in meanwhile.
func (e *LateError) RetryAfter() time.Duration { return e.After }

// turnKey is the key of a context's turn.
type turnKey struct {
	pacer  *Pacer
	action string
}

// turn is a token that a call may use later.
type turn struct {
	bucket *bucket
	state  atomic.Int32
}

const (
	turnHeld int32 = iota
	turnUsed
	turnReturned
)

func (t *turn) use() bool { return t.state.CompareAndSwap(turnHeld, turnUsed) }

func (t *turn) giveBack() {
	if t.state.CompareAndSwap(turnHeld, turnReturned) {
		t.bucket.giveBack()
	}
}
