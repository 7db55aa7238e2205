package ec2pool

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// look is which interfaces held an address at a time.
type look struct {
	began time.Time
	held  map[string]bool // by interface
}

// looks holds the last look, which many calls share. One goroutine looks at a
// time, under its own context; the others wait for it under theirs.
type looks struct {
	mu   sync.Mutex
	last look
	made map[string]time.Time // what this process has associated lately, by interface
	busy chan struct{}        // closed when who is looking has ended; nil: nobody is
}

// heldBy returns the addresses that the interface is seen to hold. A shared look
// only tells that it is none: one that is there may have gone since.
func (p *Pool) heldBy(ctx context.Context, networkInterfaceID string) ([]types.Address, error) {
	if p.options.LookAge > 0 {
		if seen, err := p.recentLook(ctx); err != nil || !p.looks.shows(seen, networkInterfaceID) {
			return nil, err
		}
	}
	return p.describe(ctx, filter("network-interface-id", networkInterfaceID))
}

// recentLook returns the last look, or a new one if that is too old.
func (p *Pool) recentLook(ctx context.Context) (look, error) {
	for {
		seen, busy := p.looks.begin(p.options.LookAge)
		if seen.held != nil {
			return seen, nil
		}
		if busy == nil {
			return p.look(ctx)
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return look{}, ctx.Err()
		}
	}
}

// look looks at all addresses of the account. The caller has begun it.
func (p *Pool) look(ctx context.Context) (look, error) {
	began := time.Now()
	found, err := p.describe(ctx)
	seen := newLook(began, found)
	p.looks.end(seen, err)
	return seen, err
}

func newLook(began time.Time, found []types.Address) look {
	seen := look{began: began, held: map[string]bool{}}
	for _, a := range found {
		seen.held[aws.ToString(a.NetworkInterfaceId)] = true
	}
	return seen
}

// begin returns a look that is young enough, or else the end of who is looking
// now. If it returns neither, the caller has to look.
func (l *looks) begin(age time.Duration) (recent look, busy <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.last.held != nil && time.Since(l.last.began) <= age:
		return l.last, nil
	case l.busy != nil:
		return look{}, l.busy
	}
	l.busy = make(chan struct{})
	return look{}, nil
}

// set takes a look over.
func (l *looks) set(seen look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replace(seen)
}

func (l *looks) end(seen look, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.replace(seen)
	}
	close(l.busy)
	l.busy = nil
}

// replace makes it the last look. What this process has associated shortly
// before it may not be visible yet.
func (l *looks) replace(seen look) {
	for eni, at := range l.made {
		if at.Before(seen.began.Add(-visible)) {
			delete(l.made, eni)
		} else {
			seen.held[eni] = true
		}
	}
	l.last = seen
}

// visible is after which time EC2 shows an association, mostly.
const visible = time.Minute

// shows reports whether the interface holds something in this look.
func (l *looks) shows(seen look, networkInterfaceID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return seen.held[networkInterfaceID]
}

// add makes the last look show an association that was just made.
func (l *looks) add(networkInterfaceID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.held == nil {
		return // nobody looks
	}
	if l.made == nil {
		l.made = map[string]time.Time{}
	}
	l.made[networkInterfaceID] = time.Now()
	l.last.held[networkInterfaceID] = true
}
