package identitydoc

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// lookTimeout bounds one look.
const lookTimeout = 10 * time.Second

// looks gathers the instances that are to be looked at into few calls, since
// EC2's limits are the binder's, too.
type looks struct {
	fleet  binder.Fleet
	gather time.Duration

	mu   sync.Mutex
	next *look // still takes instances; nil: none
}

// look is one call of Describe. What it found may be read once done is closed.
type look struct {
	ids   map[string]bool
	done  chan struct{}
	found map[string]binder.Instance
	err   error
}

// at returns the instance as EC2 shows it after this call began; false if it
// shows none.
func (l *looks) at(ctx context.Context, id string) (binder.Instance, bool, error) {
	joined := l.join(ctx, id)
	select {
	case <-joined.done:
	case <-ctx.Done():
		return binder.Instance{}, false, ctx.Err()
	}
	found, ok := joined.found[id]
	return found, ok, joined.err
}

func (l *looks) join(ctx context.Context, id string) *look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil {
		l.next = &look{ids: map[string]bool{}, done: make(chan struct{})}
		go l.run(context.WithoutCancel(ctx), l.next) // it is for others, too
	}
	l.next.ids[id] = true
	return l.next
}

func (l *looks) run(ctx context.Context, one *look) {
	defer close(one.done)
	defer func() {
		if v := recover(); v != nil { // not the process's end, as in a request
			one.err = fmt.Errorf("the fleet panics: %v", v)
		}
	}()
	time.Sleep(l.gather)
	l.mu.Lock()
	l.next = nil
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	list, err := l.fleet.Describe(ctx, slices.Sorted(maps.Keys(one.ids))...)
	one.found, one.err = make(map[string]binder.Instance, len(list)), err
	for _, i := range list {
		one.found[i.ID] = i
	}
}
