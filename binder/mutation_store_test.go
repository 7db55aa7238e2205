package binder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// hookedPut runs before once, before the first record is written.
type hookedPut struct {
	store.Store
	before *func(store.Record)
}

func (h hookedPut) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if run := *h.before; run != nil {
		*h.before = nil
		run(r)
	}
	return h.Store.Put(ctx, r)
}

// lastWriterStore does not compare versions.
type lastWriterStore struct{ store.Store }

func (l lastWriterStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	stored, err := l.Store.Put(ctx, r)
	conflict := (*store.ConflictError)(nil)
	if errors.As(err, &conflict) && conflict.Key.Kind == store.AddressKey && conflict.Holder != nil {
		r.Version = conflict.Holder.Version
		return l.Store.Put(ctx, r)
	}
	return stored, err
}

// ambiguousStore lets several records hold one key of that kind: it stores the
// others under an alias.
type ambiguousStore struct {
	store.Store
	kind store.KeyKind
}

const alias = "alias-"

func (a ambiguousStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	stored, err := a.Store.Put(ctx, r)
	conflict := (*store.ConflictError)(nil)
	if errors.As(err, &conflict) && conflict.Key.Kind == a.kind {
		if a.kind == store.InstanceKey {
			r.InstanceID = alias + r.InstanceID
		} else {
			r.Name = alias + r.Name
		}
		return a.Store.Put(ctx, r)
	}
	return stored, err
}

// meddlingStore writes the flag of the schedule servers.
type meddlingStore struct {
	store.Store
	w *world
}

func (m meddlingStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	stored, err := m.Store.Put(ctx, r)
	if err == nil && stored.Phase == store.Bound {
		_ = m.w.store.Yield(ctx, r.AllocationID)
	}
	return stored, err
}

// coolStore forgets when an address may be used again.
type coolStore struct{ store.Store }

func (c coolStore) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	found, err := c.Store.Get(ctx, keys...)
	for i := range found {
		found[i].ReusableAt = time.Time{}
	}
	return found, err
}

// switchless hides the store's pause switch.
type switchless struct{ store.Store }

func storeMutations() []mutation {
	wrap := func(f func(store.Store) store.Store) func(*subject) {
		return func(s *subject) { s.backends.Store = f(s.backends.Store) }
	}
	return []mutation{
		{"a write compares the version", "store without compare-and-set",
			wrap(func(s store.Store) store.Store { return lastWriterStore{s} }), oneWinsTheAddress, 1},
		{"an instance is in one record", "store without unique instances",
			wrap(func(s store.Store) store.Store { return ambiguousStore{s, store.InstanceKey} }), oneAddressForOneInstance, 2},
		{"a name is in one record", "store without unique names",
			wrap(func(s store.Store) store.Store { return ambiguousStore{s, store.NameKey} }), oneNameForOneInstance, 2},
		{"the flag of the schedule servers is theirs", "store that changes allocated",
			func(s *subject) { s.backends.Store = meddlingStore{s.backends.Store, s.world} }, flagStays, 1},
		{"a freed address cools down", "store that forgets the cool-down",
			wrap(func(s store.Store) store.Store { return coolStore{s} }), freedAddressCools, 1},
		{"a freed address cools down", "binder without cool-down",
			func(s *subject) { s.options = append(s.options, func(o *binder.Options) { o.CoolDown = 0 }) }, freedAddressCools, 1},
		{"an address is not reused while late calls may land", "binder that does not count them",
			func(s *subject) { s.options = append(s.options, func(o *binder.Options) { o.LateCalls = 0 }) }, shortLifeCools, 1},
		{"the pause stops every action", "store without its switch",
			wrap(func(s store.Store) store.Store { return switchless{s} }), pauseStops, 2},
		{"a sweep has a blast radius", "binder without it",
			func(s *subject) { s.options = append(s.options, func(o *binder.Options) { o.BlastRadius = 1000 }) }, blastIsContained, 4},
	}
}

// interrupted has another process do something between the decision to
// reserve and the write.
func (s *subject) interrupted(other func(store.Record)) {
	s.backends.Store = hookedPut{s.backends.Store, &other}
}

func oneWinsTheAddress(s *subject) error {
	s.launch("i-1")
	s.launch("i-2")
	s.interrupted(func(store.Record) { s.do("i-2") })
	s.do("i-1")
	r := s.record("i-2")
	return must(r != nil && r.Visible() && s.record("i-1") == nil, "i-2 was bound, but now its record is %+v", r)
}

// oneAddressForOneInstance: two workers choose different addresses for it.
func oneAddressForOneInstance(s *subject) error {
	s.backends.Policy = dnspolicy.PerAddress(dnspolicy.DashedIP()) // else the name is a second guard
	s.launch("i-1")
	s.interrupted(func(r store.Record) {
		pool := s.backends.Pool
		s.backends.Pool = untaggedPool{pool, &r.AllocationID, false}
		s.do("i-1")
		s.backends.Pool = pool
	})
	s.do("i-1")
	held := 0
	for _, r := range s.records() {
		if strings.HasSuffix(r.InstanceID, "i-1") {
			held++
		}
	}
	return must(held == 1, "%d records hold i-1", held)
}

func oneNameForOneInstance(s *subject) error {
	s.backends.Policy = dnspolicy.PolicyFunc(func(dnspolicy.Subject) ([]string, error) { return []string{"sfu"}, nil })
	if _, err := s.bound("i-1"); err != nil {
		return err
	}
	s.launch("i-2")
	s.do("i-2")
	return must(s.record("i-2") == nil, "i-2 has the record %+v", s.record("i-2"))
}

func flagStays(s *subject) error {
	r, err := s.bound("i-1")
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.store.Acquire(ctx, r.AllocationID); err != nil {
		return err
	}
	_, drained := s.fresh().Drain(ctx, "i-1")
	_, shown := s.fresh().Undrain(ctx, "i-1")
	now := s.record("i-1")
	return must(drained == nil && shown == nil && now.Allocated && now.Visible(), "the flag is lost: %+v", now)
}

func freedAddressCools(s *subject) error {
	s.options = append([]func(*binder.Options){func(o *binder.Options) { o.CoolDown = 20 * time.Minute }}, s.options...)
	if _, err := s.bound("i-1"); err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.fleet.SetState("i-1", binder.Terminated)
	s.do("i-1")
	freed := time.Now()
	s.launch("i-2")
	time.Sleep(10 * time.Minute) // the TTL is over, and no call can land any more
	if s.do("i-2"); s.record("i-2") != nil {
		return fmt.Errorf("i-2 got the address %s after it was freed", time.Since(freed))
	}
	time.Sleep(11 * time.Minute)
	o := s.do("i-2")
	return must(o.Status == binder.Bound, "after the cool-down i-2 is %s", o.Status)
}

func shortLifeCools(s *subject) error {
	if _, err := s.bound("i-1"); err != nil {
		return err
	}
	s.fleet.SetState("i-1", binder.Terminated)
	s.do("i-1")
	s.launch("i-2")
	time.Sleep(3 * time.Minute)
	s.do("i-2")
	return must(s.record("i-2") == nil, "i-2 got the address while late calls of i-1 may land")
}

func pauseStops(s *subject) error {
	if _, err := s.bound("i-1"); err != nil {
		return err
	}
	if err := s.store.Pause(context.Background(), "migration"); err != nil {
		return err
	}
	before := fmt.Sprint(s.records(), s.names())
	s.fleet.SetState("i-1", binder.Terminated)
	s.launch("i-2")
	s.do("i-1")
	s.do("i-2")
	_, _ = s.sweep()
	return must(fmt.Sprint(s.records(), s.names()) == before, "something was done during the pause: %v", s.names())
}

func blastIsContained(s *subject) error {
	s.options = append([]func(*binder.Options){func(o *binder.Options) { o.BlastRadius = 2 }}, s.options...)
	for n := range 3 {
		id := fmt.Sprintf("i-%d", n)
		if _, err := s.bound(id); err != nil {
			return err
		}
		s.fleet.SetState(id, binder.Terminated)
	}
	before := s.records()
	_, err := s.sweep()
	after := s.records()
	same := slices.EqualFunc(before, after, func(x, y store.Record) bool { return x.Version == y.Version })
	return must(same && errors.Is(err, binder.ErrBlastRadius), "the sweep went on: %v", err)
}
