package binder_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
)

// explorer runs a race in every order of its turns, depth first: each schedule
// begins in a fresh world, repeats the turns of the one before it up to the
// last place where another turn is left to choose, and goes on from there.
//
// Orders that differ only in turns that commute are equivalent, and one of
// them is run (Godefroid's sleep sets): once all that can follow a turn is
// explored, the turn sleeps in the branches beside it until one that does not
// commute with it is taken. A schedule in which all turns sleep is equivalent
// to one that was run, and ends.
//
// With a bound, it runs all schedules with no more preemptions than that, and
// no sleep sets: of equivalent orders, the one awake may be beyond the bound.
type explorer struct {
	race  race
	bound int  // of preemptions; 0: none, all schedules are run
	naive bool // without sleep sets

	path      []*place
	schedules int             // run to their end
	pruned    int             // branches not taken, being equivalent to others
	beyond    int             // branches not taken, being beyond the bound
	longest   int             // turns of the longest schedule
	ends      map[string]bool // the states in which schedules ended
	failure   string
}

// place is a point on the path: the choices there, and those that are not to
// be taken.
type place struct {
	turns       []turn
	asleep      map[string]bool // by who
	taken       int
	running     string // who took the turn before
	preemptions int    // on the way here
}

// race is work that is done at the same time, and what must come of it.
type race struct {
	name        string
	addresses   int  // 0: two
	blind       bool // the store does not compare versions: a defect on purpose
	before      func(*testing.T, *world, *binder.Binder)
	workers     []raceWorker // A, B, …
	events      []worldEvent
	lapses      bool // time may pass until the first lease is over
	force       bool
	ids         []string // the instances; nil: i-1
	bound       int      // how many of them are bound in the end
	preemptions int      // unless all schedules are demanded, no more than that; 0: all
	atLeast     int      // fewer schedules than that are suspicious
}

// raceWorker is somebody who makes one call of a binder, once so many of the
// events have happened.
type raceWorker struct {
	work
	after int
}

// setUp makes the world of the race and lets the workers run to their first
// calls.
func (r race) setUp(t *testing.T) *scheduler {
	w := newWorld(t, cmp.Or(r.addresses, 2))
	w.zone = quickZone(t)
	if r.before != nil {
		r.before(t, w, w.binder())
	}
	s := newScheduler(w)
	s.events, s.force = r.events, r.force
	if r.lapses {
		s.horizon = time.Now().Add(time.Minute + 15*time.Second) // Options.Lease, even if it begins after a wait
	}
	for i, x := range r.workers {
		s.starts = append(s.starts, start{string(rune('A' + i)), r.blind, x})
	}
	s.startDue()
	return s
}

// quickZone is in sync so soon that all the waits of a schedule end before a
// deadline comes near.
func quickZone(t *testing.T) *memzone.Zone {
	zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = 10 * time.Second })
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// explore runs all schedules, none of which may fail.
func (e *explorer) explore(t *testing.T) {
	e.search(t)
	if e.failure != "" {
		t.Errorf("%s: schedule %d: %s", e.race.name, e.schedules, e.failure)
	}
}

// search runs all schedules up to the first that fails.
func (e *explorer) search(t *testing.T) {
	e.ends = map[string]bool{}
	for first := true; e.failure == "" && (first || e.backtrack()); first = false {
		synctest.Test(t, func(t *testing.T) { e.run(t, e.race.setUp(t)) })
	}
}

// run runs one schedule.
func (e *explorer) run(t *testing.T, s *scheduler) {
	err := e.follow(s)
	done := s.finished()
	s.end()
	if done && err == nil {
		e.schedules++
		e.longest = max(e.longest, len(s.trace))
		err = e.settle(t, s)
	}
	if err != nil {
		e.failure = fmt.Sprintf("%v\n%s", err, s.story())
	}
}

// settle recovers from the end of a schedule, unless that has been done.
func (e *explorer) settle(t *testing.T, s *scheduler) error {
	end := s.w.fingerprint(s.began)
	if e.ends[end] && len(s.underway) == 0 {
		return nil
	}
	e.ends[end] = true
	s.land()
	defer time.Sleep(5 * time.Minute) // also if recovery fails
	ids := e.race.ids
	if ids == nil {
		ids = []string{"i-1"}
	}
	return s.w.settle(t, ids, e.race.bound)
}

// follow takes turns along the path, and extends it, until the work is done or
// no turn is left that is awake.
func (e *explorer) follow(s *scheduler) error {
	for depth := 0; !s.finished(); depth++ {
		turns := s.turns()
		if err := distinct(turns); err != nil {
			return err
		}
		if depth == len(e.path) && !e.extend(turns) {
			return nil
		}
		p := e.path[depth]
		if !slices.EqualFunc(p.turns, turns, func(a, b turn) bool { return a.who == b.who && a.String() == b.String() }) {
			return fmt.Errorf("not deterministic: turn %d was one of %v, and now of %v", depth+1, p.turns, turns)
		}
		if err := s.take(p.turns[p.taken]); err != nil {
			return err
		}
	}
	return errors.Join(s.timeMatters(), s.unexpected())
}

// distinct checks that somebody has a turn, and nobody more than one.
func distinct(turns []turn) error {
	seen := map[string]bool{}
	for _, t := range turns {
		if seen[t.who] {
			return fmt.Errorf("%s has several turns: %v", t.who, turns)
		}
		seen[t.who] = true
	}
	if len(turns) == 0 {
		return errors.New("nobody can go on")
	}
	return nil
}

// extend adds a place to the path, and reports whether any turn there is awake.
func (e *explorer) extend(turns []turn) bool {
	p := &place{turns: turns, asleep: map[string]bool{}}
	if n := len(e.path); n > 0 {
		last := e.path[n-1]
		p.running, p.preemptions = last.turns[last.taken].who, last.preemptions+last.cost(last.turns[last.taken])
		if e.bound == 0 && !e.naive {
			p.inherit(last)
			e.pruned += len(p.asleep)
		}
	}
	for _, t := range turns {
		if e.bound > 0 && p.preemptions+p.cost(t) > e.bound {
			p.asleep[t.who] = true
			e.beyond++
		}
	}
	if p.taken = p.awake(); p.taken < 0 {
		return false
	}
	e.path = append(e.path, p)
	return true
}

// inherit keeps asleep what slept at the last place and commutes with the turn
// that was taken there.
func (p *place) inherit(last *place) {
	for _, t := range last.turns {
		if last.asleep[t.who] && t.commutes(last.turns[last.taken].footprint) {
			p.asleep[t.who] = true
		}
	}
}

// cost is 1 if the turn preempts somebody who could go on.
func (p *place) cost(t turn) int {
	if t.who != p.running && slices.ContainsFunc(p.turns, func(other turn) bool { return other.who == p.running }) {
		return 1
	}
	return 0
}

func (p *place) awake() int {
	return slices.IndexFunc(p.turns, func(t turn) bool { return !p.asleep[t.who] })
}

// backtrack moves to the last place where another turn is left to choose, and
// reports whether there is any.
func (e *explorer) backtrack() bool {
	for len(e.path) > 0 {
		p := e.path[len(e.path)-1]
		p.asleep[p.turns[p.taken].who] = true
		if p.taken = p.awake(); p.taken >= 0 {
			return true
		}
		e.path = e.path[:len(e.path)-1]
	}
	return false
}
