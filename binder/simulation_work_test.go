package binder_test

import (
	"context"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// process returns one of the binders that handle events. One that died is
// replaced.
func (s *simulation) process(chance uint64) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := chance % uint64(len(s.processes))
	if p := s.processes[n]; p == nil || p.dead {
		s.processes[n] = s.newProcess()
	}
	return s.processes[n]
}

// deliver brings an event about the instances to a binder: late, twice, or
// never, as EventBridge and SQS do.
func (s *simulation) deliver(ids ...string) {
	if len(ids) == 0 {
		return
	}
	chance := s.roll("event", time.Now(), ids...)
	copies, delay := 1, time.Duration(chance>>8%uint64(12*time.Second))
	switch n := chance % 100; {
	case n < 3:
		copies = 0
	case n < 10:
		copies = 2
	case n < 16: // overtaken by later ones
		delay += 3 * time.Minute
	}
	for range copies {
		s.later(delay, func() { s.handle(ids) })
		delay += time.Duration(chance >> 16 % uint64(20*time.Second))
	}
}

// handle reconciles the instances, again for those that have to wait or
// failed, as a queue does that delivers six times.
func (s *simulation) handle(ids []string) {
	for range 6 {
		p := s.process(s.roll("process", time.Now(), ids...))
		ctx, cancel := context.WithTimeout(p.ctx, 90*time.Second)
		outcomes, _ := p.binder.Reconcile(ctx, ids...)
		cancel()
		s.becomeReady(outcomes)
		s.mu.Lock()
		dead := p.dead
		s.mu.Unlock()
		delay := 2 * time.Minute // the visibility timeout
		if !dead {
			ids, delay = again(outcomes)
		}
		if len(ids) == 0 {
			return
		}
		time.Sleep(delay)
	}
}

// again returns which instances are to come back, and when.
func again(outcomes []binder.Outcome) ([]string, time.Duration) {
	var ids []string
	delay := 5 * time.Minute
	for _, o := range outcomes {
		switch o.Status {
		case binder.Busy, binder.NotReady:
			ids, delay = append(ids, o.InstanceID), min(delay, o.RetryAfter)
		case binder.Failed:
			ids, delay = append(ids, o.InstanceID), min(delay, 20*time.Second)
		}
	}
	return ids, max(delay, time.Second)
}

// drain is an operator who hides a worker, and shows it again later.
func (s *simulation) drain() {
	r, ok := s.any(isBound)
	away := s.between(time.Minute, time.Hour)
	if !ok {
		return
	}
	s.order(func(ctx context.Context, b *binder.Binder) { _, _ = b.Drain(ctx, r.InstanceID) })
	s.later(away, func() { s.undrain(r.InstanceID) })
}

func (s *simulation) undrain(id string) {
	s.mu.Lock()
	s.asked[id] = true
	s.mu.Unlock()
	s.order(func(ctx context.Context, b *binder.Binder) { _, _ = b.Undrain(ctx, id) })
}

// becomeReady shows the workers that start hidden, a while after they were bound.
func (s *simulation) becomeReady(outcomes []binder.Outcome) {
	for _, o := range outcomes {
		if o.Reason == binder.ReasonStartHidden {
			delay := time.Duration(s.roll("ready", time.Now(), o.InstanceID) % uint64(time.Minute))
			s.later(delay, func() { s.undrain(o.InstanceID) })
		}
	}
}

// unbind is an operator who takes a running worker's binding back.
func (s *simulation) unbind() {
	r, ok := s.any(isBound)
	if !ok {
		return
	}
	s.mu.Lock()
	s.forced[r.InstanceID] = true
	s.note("operator", "unbind by force", "", r.AllocationID, r.InstanceID)
	s.mu.Unlock()
	s.order(func(ctx context.Context, b *binder.Binder) {
		_, _ = b.Unbind(ctx, r.InstanceID, func(o *binder.UnbindOptions) { o.Force = true })
	})
}

// order has a binder do something that is not repeated if it fails.
func (s *simulation) order(do func(context.Context, *binder.Binder)) {
	p := s.process(s.roll("order", time.Now()))
	s.later(0, func() {
		ctx, cancel := context.WithTimeout(p.ctx, 90*time.Second)
		defer cancel()
		do(ctx, p.binder)
	})
}
