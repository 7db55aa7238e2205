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
	busy chan struct{} // closed when who is looking has ended; nil: nobody is
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
	seen := look{began: time.Now(), held: map[string]bool{}}
	found, err := p.describe(ctx)
	for _, a := range found {
		seen.held[aws.ToString(a.NetworkInterfaceId)] = true
	}
	p.looks.end(seen, err)
	return seen, err
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

func (l *looks) end(seen look, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.last = seen
	}
	close(l.busy)
	l.busy = nil
}

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
	if l.last.held != nil {
		l.last.held[networkInterfaceID] = true
	}
}
