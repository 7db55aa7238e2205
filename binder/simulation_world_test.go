package binder_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// worker is an instance as the world knows it.
type worker struct {
	id       string
	state    binder.State
	eligible bool
	since    time.Time // state and eligibility
}

// happening is something that the world does, and how often.
type happening struct {
	weight int
	name   string
	do     func(*simulation)
}

func happenings() []happening {
	return []happening{
		{60, "launch", func(s *simulation) { s.launch(1) }},
		{1, "burst", func(s *simulation) { s.launch(40) }},
		{30, "terminate", func(s *simulation) { s.terminate(1) }},
		{1, "mass termination", func(s *simulation) { s.terminate(30) }},
		{3, "vanish", (*simulation).vanish},
		{8, "stop", (*simulation).stop},
		{3, "lose eligibility", (*simulation).loseEligibility},
		{40, "schedule server", (*simulation).schedule},
		{20, "schedule server without conditions", (*simulation).flip},
		{4, "drain", (*simulation).drain},
		{1, "forced unbind", (*simulation).unbind},
		{3, "disassociate by hand", (*simulation).disassociateByHand},
		{2, "give to a stranger", (*simulation).giveToStranger},
		{1, "release by hand", (*simulation).releaseByHand},
		{1, "remove the tag", (*simulation).untag},
		{3, "delete a name", (*simulation).deleteName},
		{2, "change a name", (*simulation).changeName},
		{2, "add a name", (*simulation).addName},
		{3, "edit a row", (*simulation).editRow},
		{1, "add a row", (*simulation).addRow},
		{2, "edit a guard", (*simulation).editGuard},
		{1, "pause", (*simulation).pause},
		{1, "break the policy", (*simulation).breakPolicy},
	}
}

// happen does one thing, by chance.
func (s *simulation) happen() {
	all := happenings()
	total := 0
	for _, h := range all {
		total += h.weight
	}
	n := s.random.IntN(total)
	for _, h := range all {
		if n -= h.weight; n < 0 {
			h.do(s)
			return
		}
	}
}

// later does something after a while, unless the world has come to rest.
func (s *simulation) later(d time.Duration, do func()) {
	s.background.Go(func() {
		time.Sleep(d)
		do()
	})
}

// between returns a duration by chance. Only the world's goroutine may ask.
func (s *simulation) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}

// pick returns one of these by chance, false if there is none.
func pick[T any](s *simulation, from []T) (T, bool) {
	if len(from) == 0 {
		var none T
		return none, false
	}
	return from[s.random.IntN(len(from))], true
}

// in returns the workers that are in the state, in the order of their IDs.
func (s *simulation) in(state binder.State) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(s.workers)) {
		if s.workers[id].state == state {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *simulation) launch(n int) {
	var ids []string
	s.mu.Lock()
	alive := 0
	for _, w := range s.workers {
		if w.state != binder.Terminated {
			alive++
		}
	}
	for range min(n, *simWorkers-alive) {
		s.launched++
		id := fmt.Sprintf("i-%05d", s.launched)
		s.workers[id] = &worker{id, binder.Pending, true, time.Now()}
		s.fleet.Launch(binder.Instance{ID: id, Tags: map[string]string{"role": "media"}})
		s.note("world", "launch", "", id)
		ids = append(ids, id)
	}
	s.mu.Unlock()
	started := s.between(2*time.Second, 15*time.Second)
	s.later(started, func() {
		for _, id := range ids {
			s.set(id, binder.Running)
		}
		s.deliver(ids...)
	})
}

// set puts a worker into another state, and reports whether it was there.
func (s *simulation) set(id string, state binder.State) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.workers[id]
	if w == nil || w.state == binder.Terminated || w.state == binder.ShuttingDown && state != binder.Terminated {
		return false
	}
	w.state, w.since = state, time.Now()
	s.changed[id] = w.since
	s.fleet.SetState(id, state)
	s.note("world", string(state), "", id)
	return true
}

func (s *simulation) terminate(n int) {
	for range n {
		id, ok := pick(s, append(s.in(binder.Running), s.in(binder.Stopped)...))
		if !ok {
			return
		}
		s.set(id, binder.ShuttingDown)
		s.later(0, func() { s.deliver(id) })
		s.later(s.between(5*time.Second, time.Minute), func() {
			s.set(id, binder.Terminated)
			s.deliver(id)
		})
		s.later(s.between(30*time.Minute, 70*time.Minute), func() { s.forget(id) })
	}
}

// vanish is an instance whose termination nobody sees.
func (s *simulation) vanish() {
	if id, ok := pick(s, s.in(binder.Running)); ok {
		s.forget(id)
	}
}

func (s *simulation) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.workers, id)
	s.changed[id] = time.Now()
	s.fleet.Forget(id)
	s.note("world", "forget", "", id)
}

func (s *simulation) stop() {
	id, ok := pick(s, s.in(binder.Running))
	if !ok {
		return
	}
	stopped, started := s.between(5*time.Second, time.Minute), s.between(2*time.Minute, 25*time.Minute)
	returns := s.random.IntN(3) > 0
	s.set(id, binder.Stopping)
	s.later(stopped, func() {
		if s.set(id, binder.Stopped) {
			s.deliver(id)
		}
	})
	if !returns {
		return
	}
	s.later(started, func() {
		if s.set(id, binder.Pending) {
			time.Sleep(10 * time.Second)
			s.set(id, binder.Running)
			s.deliver(id)
		}
	})
}

func (s *simulation) loseEligibility() {
	id, ok := pick(s, s.in(binder.Running))
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.workers[id]
	w.eligible, w.since = false, time.Now()
	s.fleet.SetTags(id, nil)
	s.changed[id] = w.since
	s.note("world", "lose eligibility", "", id)
}

// any returns a record by chance of those that will do.
func (s *simulation) any(will func(store.Record) bool) (store.Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := slices.Sorted(maps.Keys(s.addresses))
	for _, n := range s.random.Perm(len(ids)) {
		if r := s.record(store.ByAddress(ids[n])); r != nil && will(*r) {
			return *r, true
		}
	}
	return store.Record{}, false
}

func isBound(r store.Record) bool { return r.Phase == store.Bound }

// schedule is a schedule server that takes a worker or gives it back, without
// any regard to what the binders do.
func (s *simulation) schedule() {
	r, ok := s.any(isBound)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.store.Yield(context.Background(), r.AllocationID)
	if !r.Allocated {
		err = s.store.Acquire(context.Background(), r.AllocationID)
	}
	now := s.record(store.ByAddress(r.AllocationID))
	if err == nil && now != nil {
		s.flags[r.AllocationID] = flagged{now.InstanceID, now.Allocated}
		s.note("server", fmt.Sprintf("allocated=%t", now.Allocated), "", r.AllocationID, now.InstanceID)
	}
}
