package ec2pool

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/eippool"
)

// lookAge is how old a look may be that a batch shares. EC2 associates 75
// addresses meanwhile, and its own answers may be older.
const lookAge = 15 * time.Second

// look is which interfaces held an address at a time. It does not change.
type look struct {
	began time.Time
	held  map[string]bool // by interface
}

// looks holds a batch's last look, which its calls share. One goroutine looks at
// a time, under its own context; the others wait for it under theirs.
type looks struct {
	mu   sync.Mutex
	last look
	busy chan struct{} // closed when who is looking has ended; nil: nobody is
}

// looks returns those of the context's batch, nil if it has none.
func (p *Pool) looks(ctx context.Context) *looks {
	batch := eippool.BatchOf(ctx)
	if batch == nil {
		return nil
	}
	return batch.Keep(p, new(looks)).(*looks)
}

// heldBy returns the addresses that the interface is seen to hold. A batch's look
// only tells that it is none: one that is there may have gone since.
func (p *Pool) heldBy(ctx context.Context, networkInterfaceID string) ([]types.Address, error) {
	if shared := p.looks(ctx); shared != nil {
		seen, err := p.recentLook(ctx, shared)
		if err != nil || !seen.held[networkInterfaceID] && !p.made.since(networkInterfaceID, seen.began.Add(-visible)) {
			return nil, err
		}
	}
	return p.describe(ctx, filter("network-interface-id", networkInterfaceID))
}

// recentLook returns the batch's last look, or a new one if that is too old.
func (p *Pool) recentLook(ctx context.Context, shared *looks) (look, error) {
	for {
		seen, busy := shared.begin()
		if seen.held != nil {
			return seen, nil
		}
		if busy == nil {
			began := time.Now()
			found, err := p.describe(ctx)
			seen = newLook(began, found)
			shared.end(seen, err)
			return seen, err
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return look{}, ctx.Err()
		}
	}
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
func (l *looks) begin() (recent look, busy <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.last.held != nil && time.Since(l.last.began) <= lookAge:
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

// set takes a look over that somebody made for another reason.
func (l *looks) set(seen look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = seen
}

// visible is after which time EC2 shows an association, mostly.
const visible = time.Minute

// made is what this process has associated lately, or may have, in any batch:
// when, by interface. EC2 may not show it yet.
type made struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (m *made) add(networkInterfaceID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(m.at, func(_ string, at time.Time) bool { return now.Sub(at) > visible+lookAge })
	if m.at == nil {
		m.at = map[string]time.Time{}
	}
	m.at[networkInterfaceID] = now
}

// since reports whether the interface was given something after that time.
func (m *made) since(networkInterfaceID string, then time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.at[networkInterfaceID]
	return ok && !at.Before(then)
}
