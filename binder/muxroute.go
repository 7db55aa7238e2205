package binder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// sighting is what a Mux has seen of instances, for the Binders of all profiles.
type sighting struct {
	began     time.Time
	instances map[string]Instance
	holders   map[string]int // by instance that was asked for: the profile whose record holds it
	asked     map[string]bool
	unread    error // why a store could not be asked
}

// reconcile observes all instances at once, and lets each profile's Binder work
// on its own. It is one batch of the pools'.
func (m *Mux) reconcile(ctx context.Context, ids []string, order order) ([]Outcome, error) {
	ctx = eippool.WithBatch(ctx)
	outcomes := make([]Outcome, len(ids))
	seen, unseen := m.see(ctx, ids, order)
	parts := make([][]int, len(m.profiles)) // of the ids
	for i, id := range ids {
		n, err := m.route(ctx, seen, id, order)
		if err = cmp.Or(unseen, err); err != nil { // whose it is, is not known: the first one tells
			outcomes[i] = m.profiles[0].binder.failed(ctx, view{id: id}, "observe", err)
			tellOutcome(ctx, outcomes[i])
			continue
		}
		parts[n] = append(parts[n], i)
	}
	var group sync.WaitGroup
	for n, part := range parts {
		if len(part) > 0 {
			group.Go(func() {
				for k, o := range m.profiles[n].work(ctx, seen, at(ids, part), order) {
					outcomes[part[k]] = o
				}
			})
		}
	}
	group.Wait()
	return outcomes, joined(outcomes)
}

func at(ids []string, indices []int) []string {
	chosen := make([]string, len(indices))
	for k, i := range indices {
		chosen[k] = ids[i]
	}
	return chosen
}

// work reconciles the profile's instances with its Binder.
func (p profile) work(ctx context.Context, seen sighting, ids []string, order order) []Outcome {
	views, err := p.binder.lookOn(ctx, seen.began, seen.instances, ids, order)
	outcomes, _ := p.binder.workOn(p.named(ctx), ids, views, err, true) // each failed outcome has its error
	for i := range outcomes {
		outcomes[i].Profile = p.name
	}
	return outcomes
}

// see describes the instances and finds out whose they are already.
func (m *Mux) see(ctx context.Context, ids []string, order order) (sighting, error) {
	seen := sighting{began: time.Now()}
	found, err := m.fleet.Describe(ctx, ids...)
	if err != nil {
		return seen, fmt.Errorf("describe the instances: %w", err)
	}
	seen.instances, seen.asked = byID(found), map[string]bool{}
	var keys []store.Key
	for _, id := range ids {
		v := view{order: order}
		if i, ok := seen.instances[id]; ok {
			first, _ := m.selects(i)
			i.Eligible = i.Eligible && first >= 0
			v.instance = &i
		}
		if !v.leftAlone() {
			keys = append(keys, store.ByInstance(id))
			seen.asked[id] = true
		}
	}
	if len(keys) > 0 {
		seen.holders, seen.unread = m.holders(ctx, func(s store.Store) ([]store.Record, error) { return s.Get(ctx, keys...) })
	}
	return seen, nil
}

// holders reads records of every store, and returns by instance whose they
// are. An error joins those of the stores that could not be read.
func (m *Mux) holders(ctx context.Context, read func(store.Store) ([]store.Record, error)) (map[string]int, error) {
	records := make([][]store.Record, len(m.stores))
	errs := make([]error, len(m.stores))
	var group sync.WaitGroup
	for i, s := range m.stores {
		group.Go(func() { records[i], errs[i] = read(s) })
	}
	group.Wait()
	holders := map[string]int{}
	for n, p := range m.profiles {
		for _, r := range records[p.store] {
			if r.BinderID != p.binder.opts.BinderID || r.Phase == store.Free {
				continue
			}
			if first, twice := holders[r.InstanceID]; twice {
				m.logger.WarnContext(ctx, "two profiles hold one instance", "instance", r.InstanceID, "first", m.profiles[first].name, "second", p.name)
				continue
			}
			holders[r.InstanceID] = n
		}
	}
	return holders, errors.Join(errs...)
}

// route returns the profile of the instance, and makes the instance eligible
// for this one only if its tags say so. What no profile wants goes to the
// first one, which has nothing to do but to say why.
func (m *Mux) route(ctx context.Context, seen sighting, id string, order order) (int, error) {
	first := -1
	i, known := seen.instances[id]
	if known {
		first = m.selected(ctx, i)
	}
	n, held := seen.holders[id]
	switch {
	case held:
	case seen.unread != nil && seen.asked[id] && (first < 0 || order.ofBound()):
		return 0, fmt.Errorf("find out whose it is: %w", seen.unread)
	case first >= 0:
		n = first
	}
	if known {
		i.Eligible = i.Eligible && n == first
		seen.instances[id] = i
	}
	return n, nil
}

// selected returns the first profile that selects the instance, -1 if none
// does, and logs what others would have it.
func (m *Mux) selected(ctx context.Context, i Instance) int {
	first, others := m.selects(i)
	if len(others) > 0 {
		m.logger.LogAttrs(ctx, slog.LevelWarn, "more than one profile selects an instance: the first one has it",
			slog.String("instance", i.ID), slog.String("profile", m.profiles[first].name), slog.Any("others", others))
	}
	return first
}
