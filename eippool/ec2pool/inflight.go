package ec2pool

import (
	"context"
	"sync"
)

// inFlight lets work on one ID be done by one goroutine at a time. For each ID
// that is worked on, it holds a channel that is closed at the end.
type inFlight struct {
	mu   sync.Mutex
	ends map[string]chan struct{}
}

func newInFlight() *inFlight {
	return &inFlight{ends: map[string]chan struct{}{}}
}

// enter waits until nobody works on the ID, or until ctx ends.
func (f *inFlight) enter(ctx context.Context, id string) error {
	for {
		end := f.begin(id)
		if end == nil {
			return nil
		}
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin returns nil if the ID is now the caller's, or the end of who has it.
func (f *inFlight) begin(id string) (end <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if end, busy := f.ends[id]; busy {
		return end
	}
	f.ends[id] = make(chan struct{})
	return nil
}

func (f *inFlight) leave(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.ends[id])
	delete(f.ends, id)
}
