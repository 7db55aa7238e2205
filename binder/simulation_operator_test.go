package binder_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// pauseGrace is for how long after a pause began what was under way may go on.
const pauseGrace = 5 * time.Minute

// pause is an operator who stops all binders for a while.
func (s *simulation) pause() {
	away, often := s.between(10*time.Minute, 20*time.Minute), s.random.IntN(4) == 0
	s.mu.Lock()
	defer s.mu.Unlock()
	if !often || !s.pausedAt.IsZero() {
		return
	}
	if err := s.store.Pause(context.Background(), "maintenance"); err != nil {
		s.t.Error(err)
	}
	s.pausedAt = time.Now()
	s.tally["pauses"]++
	s.note("operator", "pause", "")
	s.later(away, s.resume)
}

// resume ends the pause.
func (s *simulation) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pausedAt.IsZero() {
		return
	}
	if err := s.store.Resume(context.Background()); err != nil {
		s.t.Error(err)
	}
	s.pausedAt, s.hampered = time.Time{}, time.Now()
	s.note("operator", "resume", "")
}

// judgePause checks that nothing is begun during a pause. The caller holds s.mu.
func (s *simulation) judgePause(p *process, c simCall) {
	if c.writes && !s.pausedAt.IsZero() && time.Since(s.pausedAt) > pauseGrace {
		s.violated(fmt.Sprintf("%s calls %s, though there is a pause since %s", p.name, c.name, s.pausedAt.Format("15:04:05")), c.ids...)
	}
}

// breakPolicy is an administrator who forbids the binders to write to one of the
// services, and mends that some minutes later.
func (s *simulation) breakPolicy() {
	services := []string{"pool", "zone", "store"}
	which := services[s.random.IntN(len(services))]
	lasts, often := s.between(time.Minute, 10*time.Minute), s.random.IntN(4) == 0
	s.mu.Lock()
	defer s.mu.Unlock()
	if !often {
		return
	}
	s.denied[which] = time.Now().Add(lasts)
	if s.hampered.Before(s.denied[which]) {
		s.hampered = s.denied[which]
	}
	s.note("operator", "forbid", which)
}

// denies returns how the service says that the call is forbidden, nil if it is
// not. The caller holds s.mu.
func (s *simulation) denies(c simCall) error {
	service, _, _ := strings.Cut(c.name, ".")
	if s.calm || !c.writes || !time.Now().Before(s.denied[service]) {
		return nil
	}
	kinds := map[string]error{"pool": eippool.ErrDenied, "zone": dnspolicy.ErrDenied, "store": store.ErrDenied}
	return fmt.Errorf("%w: by an explicit deny", kinds[service])
}

// approve is an operator who has looked at what a sweep would take back.
func (s *simulation) approve() {
	s.later(2*time.Minute, func() {
		s.mu.Lock()
		over := s.over
		s.tally["approved sweeps"]++
		s.mu.Unlock()
		if !over {
			s.sweep(true)
		}
	})
}
