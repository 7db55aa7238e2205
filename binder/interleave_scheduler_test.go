package binder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// scheduler lets workers make their external calls one at a time, in an order
// that somebody else chooses. Between two calls a worker runs alone.
//
// Besides workers there are the world's events, each a turn of its own, and
// time, which passes only when it is time's turn: until the next worker's
// context ends, or up to a given moment. A call whose context ends while it
// waits for its turn is lost, or else stays under way and may take effect at
// any later turn, after its caller was told that it failed.
type scheduler struct {
	w        *world
	began    time.Time
	events   []worldEvent // in this order
	starts   []start      // workers that have not begun
	horizon  time.Time    // up to when time may pass at a turn of its own
	happened int          // events
	force    bool         // somebody may take a serving worker's address by force

	mu       sync.Mutex
	calls    []*waitingCall // each waits for its turn
	underway []*waitingCall // nobody waits for them any more
	keep     bool           // calls whose context ends stay under way
	working  int
	outcomes []string
	failures []error
	numbered int

	woken chan struct{} // something came to a stop
	over  chan struct{} // closed: nobody waits any longer
	trace []traced
	watch watch
}

// worldEvent is something that happens to an instance.
type worldEvent struct {
	name     string
	instance string
	do       func(*world)
}

func setState(id string, s binder.State) worldEvent {
	return worldEvent{id + " becomes " + string(s), id, func(w *world) { w.fleet.SetState(id, s) }}
}

// turn is one choice of who goes next.
type turn struct {
	who string
	footprint
}

type waitingCall struct {
	turn
	do         func() error
	sent       time.Time
	goOn, done chan struct{}
	err        error
}

// traced is one turn that was taken.
type traced struct {
	at time.Duration
	turn
	err error
}

// farAway is a lease that does not end during a race in which time does not
// matter.
const farAway = 10 * time.Minute

// timeMatters reports that a deadline may have come near in a stretch of time
// in which none was thought to be: the end of a cool-down or, if leases are
// not far away, the time to renew a lease that was taken at its beginning.
func (s *scheduler) timeMatters() error {
	began, limit := s.began, 2*time.Minute
	if !s.horizon.IsZero() {
		began, limit = s.horizon, 45*time.Second
	}
	if took := time.Since(began); took >= limit {
		return fmt.Errorf("time matters after all: waits took %s", took)
	}
	return nil
}

var errOver = errors.New("the schedule is over")

func newScheduler(w *world) *scheduler {
	return &scheduler{w: w, began: time.Now(), woken: make(chan struct{}, 1), over: make(chan struct{}), watch: watch{w: w}}
}

// work is what a worker does: one call of a binder.
type work func(context.Context, *binder.Binder) ([]binder.Outcome, error)

// start is a worker that is to begin once so many events have happened.
type start struct {
	who   string
	blind bool
	raceWorker
}

// startDue lets those workers begin whose time has come, and run to their
// first calls.
func (s *scheduler) startDue() {
	s.starts = slices.DeleteFunc(s.starts, func(x start) bool {
		due := s.happened >= x.after
		if due {
			s.start(x.who, x.blind, x.work)
		}
		return due
	})
}

func (s *scheduler) start(who string, blind bool, do work) {
	b := (&station{w: s.w, blind: blind, timeless: func() bool { return !time.Now().Before(s.horizon) }, stop: func(ctx context.Context, f footprint, do func() error) error {
		return s.stop(ctx, turn{who, f}, do)
	}}).binder(func(o *binder.Options) {
		if s.horizon.IsZero() {
			o.Lease, o.LateCalls = farAway, farAway+6*time.Minute
		}
	})
	s.working++
	go func() {
		outcomes, err := do(s.w.t.Context(), b)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.working--
		s.failures = append(s.failures, err)
		for _, o := range outcomes {
			s.outcomes = append(s.outcomes, fmt.Sprintf("%s: %s is %s %s", who, o.InstanceID, o.Status, o.Reason))
		}
		s.wake()
	}()
	synctest.Wait()
}

// stop holds a call until it is its turn, or its context ends.
func (s *scheduler) stop(ctx context.Context, t turn, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &waitingCall{turn: t, do: do, sent: time.Now(), goOn: make(chan struct{}), done: make(chan struct{})}
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	select {
	case <-c.goOn:
		c.err = do()
		close(c.done)
		return c.err
	case <-ctx.Done():
		s.giveUp(c)
		return ctx.Err()
	case <-s.over:
		return errOver
	}
}

func (s *scheduler) giveUp(c *waitingCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = slices.DeleteFunc(s.calls, func(x *waitingCall) bool { return x == c })
	if s.keep {
		s.numbered++
		s.underway = append(s.underway, &waitingCall{
			turn: turn{fmt.Sprintf("%s's call %d under way", c.who, s.numbered), c.footprint}, do: c.do, sent: c.sent,
		})
	}
	s.note(turn{c.who, footprint{name: "gives up", arg: c.footprint.String()}}, context.DeadlineExceeded)
	s.wake()
}

func (s *scheduler) note(t turn, err error) {
	s.trace = append(s.trace, traced{time.Since(s.began), t, err})
}

func (s *scheduler) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it is known already
	}
}

// Who takes the turns of the world.
const (
	timeLoses = "time (calls under way are lost)"
	timeKeeps = "time (calls under way stay so)"
	theWorld  = "world"
)

// turns returns who may go next, in a fixed order.
func (s *scheduler) turns() []turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underway = slices.DeleteFunc(s.underway, func(c *waitingCall) bool { return time.Since(c.sent) > signatureValid })
	var out []turn
	for _, c := range s.calls {
		out = append(out, c.turn)
	}
	slices.SortStableFunc(out, func(a, b turn) int { return strings.Compare(a.who+a.String(), b.who+b.String()) })
	if len(s.events) > 0 {
		e := s.events[0]
		out = append(out, turn{theWorld, footprint{name: e.name, writes: []string{"fleet/" + e.instance, "held/" + e.instance, "pool"}}})
	}
	for _, c := range s.underway {
		out = append(out, c.turn)
	}
	if time.Now().Before(s.horizon) {
		pass := footprint{name: "passes", writes: []string{everything}}
		out = append(out, turn{timeLoses, pass}, turn{timeKeeps, pass})
	}
	return out
}

// finished reports whether all that must happen has happened. Time need not
// pass, and calls under way need not land.
func (s *scheduler) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.working == 0 && len(s.events) == 0
}

// take takes a turn, lets everybody come to a stop, and checks the world.
func (s *scheduler) take(t turn) error {
	var err error
	switch t.who {
	case theWorld:
		s.events[0].do(s.w)
		s.events = s.events[1:]
		s.happened++
		s.startDue()
	case timeLoses, timeKeeps:
		s.pass(t.who == timeKeeps)
		if !time.Now().Before(s.horizon) {
			s.happened++
			s.startDue()
		}
	default:
		err = s.letGo(t)
	}
	s.mu.Lock()
	s.note(t, err)
	s.mu.Unlock()
	if len(t.writes) == 0 && t.name != "zone.Wait" {
		return nil // what only reads breaks nothing
	}
	return s.watch.check(s.force)
}

// pass lets time pass until somebody wakes up.
func (s *scheduler) pass(keep bool) {
	s.mu.Lock()
	s.keep = keep
	s.mu.Unlock()
	select {
	case <-s.woken:
	default:
	}
	timer := time.NewTimer(time.Until(s.horizon))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.woken:
	}
	synctest.Wait()
	s.mu.Lock()
	s.keep = false
	s.mu.Unlock()
}

// letGo makes a call go on, or one that is under way take effect.
func (s *scheduler) letGo(t turn) error {
	is := func(c *waitingCall) bool { return c.who == t.who && c.String() == t.String() }
	s.mu.Lock()
	if i := slices.IndexFunc(s.underway, is); i >= 0 {
		c := s.underway[i]
		s.underway = slices.Delete(s.underway, i, i+1)
		s.mu.Unlock()
		return c.do()
	}
	i := slices.IndexFunc(s.calls, is)
	c := s.calls[i]
	s.calls = slices.Delete(s.calls, i, i+1)
	s.mu.Unlock()
	close(c.goOn)
	<-c.done // not at once: a wait takes its time
	synctest.Wait()
	return c.err
}

// end ends the schedule: nobody makes calls any more.
func (s *scheduler) end() {
	close(s.over)
	synctest.Wait()
}

// signatureValid is for how long after it was sent AWS accepts a request
// (Signature Version 4: five minutes).
const signatureValid = 5 * time.Minute

// land lets the calls that are still under way take effect late, but in time.
func (s *scheduler) land() {
	for _, c := range s.underway {
		go func() {
			time.Sleep(time.Until(c.sent.Add(signatureValid - time.Minute)))
			_ = c.do() // nobody is left to hear of an error
		}()
	}
}

// story returns the turns that were taken, for people.
func (s *scheduler) story() string {
	var b strings.Builder
	for i, t := range s.trace {
		result := ""
		if t.err != nil {
			result = " → " + t.err.Error()
		}
		fmt.Fprintf(&b, "%4d %9s  %s: %s%s\n", i+1, t.at, t.who, t.footprint, result)
	}
	for _, o := range s.outcomes {
		fmt.Fprintf(&b, "     %s\n", o)
	}
	return b.String()
}

// unexpected returns what a worker failed of that was no one's fault. Those
// whose calls were cut off may fail.
func (s *scheduler) unexpected() error {
	if slices.ContainsFunc(s.trace, func(t traced) bool { return t.name == "gives up" }) {
		return nil
	}
	return errors.Join(s.failures...)
}
