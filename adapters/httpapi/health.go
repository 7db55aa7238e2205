package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Health is the answer of /healthz ("ok") and of /readyz ("ready").
type Health struct {
	Status string `json:"status"`
}

func (h *Handler) healthz(*call) (answer, error) {
	return answer{status: http.StatusOK, body: Health{"ok"}}, nil
}

func (h *Handler) readyz(c *call) (answer, error) {
	if err := h.ready.ask(c.Context()); err != nil {
		return answer{}, unavailable("not ready", h.opts.CheckAge, err)
	}
	return answer{status: http.StatusOK, body: Health{"ready"}}, nil
}

// readiness keeps the last answer of a check, which anybody may ask for, and
// asks once for all who come meanwhile.
type readiness struct {
	check        func(context.Context) error
	age, timeout time.Duration

	mu   sync.Mutex
	last *checked
}

// checked is one check: running until done is closed, then as old as at says.
type checked struct {
	done chan struct{}
	err  error
	at   time.Time
}

func newReadiness(o Options) *readiness {
	return &readiness{check: o.Check, age: o.CheckAge, timeout: o.Timeout}
}

func (r *readiness) ask(ctx context.Context) error {
	if r.check == nil {
		return nil
	}
	current := r.current(ctx)
	select {
	case <-current.done:
		return current.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// current is the last check, or a new one if that is too old.
func (r *readiness) current(ctx context.Context) *checked {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil && !r.last.olderThan(r.age) {
		return r.last
	}
	r.last = &checked{done: make(chan struct{})}
	go r.run(context.WithoutCancel(ctx), r.last) // it is for others, too
	return r.last
}

func (r *readiness) run(ctx context.Context, c *checked) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	defer close(c.done)
	defer func() {
		c.at = time.Now()
		if v := recover(); v != nil { // not the process's end, as in a request
			c.err = fmt.Errorf("the check panics: %v", v)
		}
	}()
	c.err = r.check(ctx)
}

func (c *checked) olderThan(age time.Duration) bool {
	select {
	case <-c.done:
		return time.Since(c.at) >= age
	default:
		return false
	}
}
