package binder_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

func startMutations() []mutation {
	const guard = "what starts hidden is hidden until it is undrained"
	shows := "shows what starts hidden once it is bound"
	return []mutation{
		{guard, shows, decides(shows), startsHidden, 2},
		{guard, "drains what it has bound", func(s *subject) { s.backends.Store = drainingStore{s.backends.Store} }, startsHidden, 2},
	}
}

// drainingStore keeps reservations that are not hidden, and hides them later: as
// a Drain after the binding does.
type drainingStore struct{ store.Store }

func (s drainingStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if r.Phase == store.Reserved {
		r.Draining, r.Reason = false, ""
	}
	return s.Store.Put(ctx, r)
}

// startsHidden: no write shows the worker.
func startsHidden(s *subject) error {
	var shown atomic.Int64
	s.options = append(s.options, func(o *binder.Options) { o.StartHidden = true })
	s.backends.Store = counting{s.backends.Store, &shown}
	r, err := s.bound("i-1")
	if err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.do("i-1")
	return must(shown.Load() == 0 && !r.Visible() && !s.record("i-1").Visible(), "%d writes showed it: %+v", shown.Load(), r)
}

// counting counts the writes after which schedule servers would see a worker.
type counting struct {
	store.Store
	shown *atomic.Int64
}

func (s counting) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if r.Visible() {
		s.shown.Add(1)
	}
	return s.Store.Put(ctx, r)
}
