package awssim

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// Sim is one simulated account in one Region. [New] makes it.
type Sim struct {
	opts Options

	mu        sync.Mutex
	model     *model
	calls     map[string]int
	throttled map[string]int
	busy      map[string]bool // zones with a change of record sets under way
}

// New returns an account with nothing in it.
func New(optFns ...func(*Options)) *Sim {
	opts := defaults()
	for _, fn := range optFns {
		fn(&opts)
	}
	opts.resolveZones()
	s := &Sim{opts: opts, calls: map[string]int{}, throttled: map[string]int{}, busy: map[string]bool{}}
	s.model = newModel(&s.opts)
	return s
}

// Region returns the simulated Region's name.
func (s *Sim) Region() string { return s.opts.Region }

// Calls returns how often each action has been called over HTTP, in process
// or not, including calls that were refused or intercepted. Requests that
// name no action count as "".
func (s *Sim) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

func (s *Sim) count(action string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[action]++
}

// update runs f on the model as it is now.
func (s *Sim) update(f func(*model) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.advance(time.Now())
	defer s.model.remember() // a call that is refused may have changed something, too
	return f(s.model)
}

// view runs f, which cannot fail and does not change instances or addresses,
// on the model as it is now.
func (s *Sim) view(f func(*model)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.advance(time.Now())
	f(s.model)
}

// ServeHTTP answers one AWS request. A lost reply, or a request whose context
// ended, breaks the connection (http.ErrAbortHandler).
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rep, err := s.serve(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Content-Type", "text/xml;charset=UTF-8")
	h.Set("X-Amzn-Requestid", rep.requestID)
	if rep.location != "" {
		h.Set("Location", rep.location)
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body) // a client that has gone is none of our business
}
