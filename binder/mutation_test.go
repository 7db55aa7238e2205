package binder_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// subject is a world whose binders may lack a guard.
type subject struct {
	*world
	backends  binder.Backends
	options   []func(*binder.Options)
	decisions string                                      // how the planner is mutated; empty: it is not
	sweeps    func(*binder.Binder) (binder.Report, error) // sweepAll unless it is mutated
}

func newSubject(t *testing.T, addresses int) *subject {
	w := newWorld(t, addresses)
	return &subject{world: w, sweeps: sweepAll, backends: binder.Backends{
		Fleet: hookedFleet{w}, Pool: hookedPool{w}, Zone: hookedZone{w}, Store: hookedStore{w}, Policy: dnspolicy.InstanceID(),
	}}
}

// fresh returns a binder as a fresh process would make it.
func (s *subject) fresh() *binder.Binder {
	options := append([]func(*binder.Options){func(o *binder.Options) { o.Suffix = suffix }}, s.options...)
	b, err := binder.New(s.backends, options...)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.decisions != "" {
		binder.Mutate(b, s.decisions)
	}
	return b
}

// do reconciles one instance in a fresh process.
func (s *subject) do(id string) binder.Outcome {
	outcomes, _ := s.fresh().Reconcile(context.Background(), id)
	return outcomes[0]
}

func sweepAll(b *binder.Binder) (binder.Report, error) { return b.Sweep(context.Background()) }

func (s *subject) sweep() (binder.Report, error) { return s.sweeps(s.fresh()) }

// bound launches a worker and binds it.
func (s *subject) bound(id string) (store.Record, error) {
	s.launch(id)
	if o := s.do(id); o.Status != binder.Bound {
		return store.Record{}, fmt.Errorf("%s is %s: %s %w", id, o.Status, o.Reason, o.Err)
	}
	return *s.record(id), nil
}

// must returns an error that says what went wrong unless ok.
func must(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// guarded returns an error if a guard that it depends on is missing.
type guarded func(*subject) error

// mutation is a guard of the design, what a binder or a backend does that
// lacks it, and the scenario that must notice.
type mutation struct {
	guard    string
	mutant   string
	mutate   func(*subject)
	scenario guarded
	pool     int // addresses
}

// decides is the mutation of a planner.
func decides(mutant string) func(*subject) { return func(s *subject) { s.decisions = mutant } }

// Each guard of the protocol is needed: a binder without it fails a scenario
// that the binder as it is passes.
func TestMutations(t *testing.T) {
	var all []mutation
	all = append(all, poolMutations()...)
	all = append(all, zoneMutations()...)
	all = append(all, storeMutations()...)
	all = append(all, absenceMutations()...)
	all = append(all, planMutations()...)
	all = append(all, orderMutations()...)
	all = append(all, idleMutations()...)
	guards := map[string]bool{}
	for _, m := range all {
		guards[m.guard] = true
		t.Run(m.mutant, func(t *testing.T) {
			if err := m.run(t, false); err != nil {
				t.Errorf("the guard %q is in place, but: %v", m.guard, err)
			}
			err := m.run(t, true)
			if err == nil {
				t.Errorf("SURVIVED: nothing notices that the guard %q is missing", m.guard)
			}
			t.Logf("%s: %v", m.guard, err)
		})
	}
	t.Logf("%d mutants of %d guards", len(all), len(guards))
}

func (m mutation) run(t *testing.T, mutated bool) (err error) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t, m.pool)
		if mutated {
			m.mutate(s)
		}
		err = m.scenario(s)
	})
	return err
}
