package lambdaevent_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// stub is a Binder whose calls end as it says.
type stub struct {
	outcome binder.Outcome            // of every instance that outcomes does not have
	by      map[string]binder.Outcome // by instance
	drain   []binder.Outcome          // of one Drain after the other; then by, or outcome
	report  binder.Report
	err     error         // of a sweep
	takes   time.Duration // a Reconcile, or until its context ends

	mu    sync.Mutex
	calls []string
	swept binder.SweepOptions
	left  time.Duration // until the context's deadline, of a Reconcile
}

func (s *stub) called(verb string, ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, strings.Join(append([]string{verb}, ids...), " "))
}

func (s *stub) of(id string) binder.Outcome {
	o, ok := s.by[id]
	if !ok {
		o = s.outcome
	}
	o.InstanceID = id
	return o
}

func (s *stub) Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error) {
	s.called("reconcile", ids...)
	if deadline, ok := ctx.Deadline(); ok {
		s.left = time.Until(deadline)
	}
	outcomes := make([]binder.Outcome, len(ids))
	for i, id := range ids {
		outcomes[i] = s.of(id)
	}
	if s.takes > 0 {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done(): // some are done
			for i := range outcomes[len(ids)/2:] {
				id := ids[len(ids)/2+i]
				outcomes[len(ids)/2+i] = binder.Outcome{InstanceID: id, Status: binder.Failed, Err: &binder.Error{Step: "await", InstanceID: id, Err: ctx.Err()}}
			}
		}
	}
	return outcomes, outcomes[0].Err
}

func (s *stub) Sweep(_ context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error) {
	for _, fn := range optFns {
		fn(&s.swept)
	}
	s.called("sweep")
	return s.report, s.err
}

func (s *stub) Unbind(_ context.Context, id string, optFns ...func(*binder.UnbindOptions)) (binder.Outcome, error) {
	for range optFns {
		s.called("force") // nobody asks for that here
	}
	s.called("unbind", id)
	return s.of(id), s.of(id).Err
}

func (s *stub) Drain(_ context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	s.called("drain", id)
	o := s.of(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.drain) > 0 {
		o, s.drain = s.drain[0], s.drain[1:]
		o.InstanceID = id
	}
	return o, o.Err
}

func (s *stub) Undrain(_ context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	s.called("undrain", id)
	return s.of(id), s.of(id).Err
}
