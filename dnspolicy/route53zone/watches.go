package route53zone

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// watches keep one goroutine for each change that is waited for, by however
// many. It ends with the change's arrival, or when the last of them leaves.
type watches struct {
	mu     sync.Mutex
	active map[dnspolicy.Propagation]*watch
	// lookAt is when to look first at the changes just made here.
	lookAt map[dnspolicy.Propagation]time.Time
}

type watch struct {
	waiters int
	cancel  context.CancelFunc
	done    chan struct{}
	err     error // what all waiters get once done is closed
}

func newWatches() watches {
	return watches{active: map[dnspolicy.Propagation]*watch{}, lookAt: map[dnspolicy.Propagation]time.Time{}}
}

// made notes a change that was made now and need not be looked at for a while.
// Those whose time has come need no note.
func (ws *watches) made(p dnspolicy.Propagation, untilFirstLook time.Duration) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(ws.lookAt, func(_ dnspolicy.Propagation, at time.Time) bool { return at.Before(now) })
	ws.lookAt[p] = now.Add(untilFirstLook)
}

// join returns the change's watch; the first to join starts it. It runs under the
// values of that one's context.
func (ws *watches) join(ctx context.Context, p dnspolicy.Propagation, poll func(context.Context, dnspolicy.Propagation, time.Time) error) *watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w, ok := ws.active[p]
	if !ok {
		w = &watch{done: make(chan struct{})}
		ws.active[p] = w
		ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
		first := ws.lookAt[p]
		go func() {
			w.err = poll(ctx, p, first)
			ws.remove(p, w)
			close(w.done)
		}()
	}
	w.waiters++
	return w
}

// leave is what each who has joined must call once.
func (ws *watches) leave(p dnspolicy.Propagation, w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if w.waiters--; w.waiters > 0 {
		return
	}
	w.cancel()
	if ws.active[p] == w {
		delete(ws.active, p)
	}
}

func (ws *watches) remove(p dnspolicy.Propagation, w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.active[p] == w {
		delete(ws.active, p)
	}
}
