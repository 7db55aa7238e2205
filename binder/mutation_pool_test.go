package binder_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// stealingPool associates with AllowReassociation.
type stealingPool struct {
	eippool.Pool
	w *world
}

func (p stealingPool) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	association, err := p.Pool.Associate(ctx, id, t)
	if !errors.Is(err, eippool.ErrInUse) {
		return association, err
	}
	for _, a := range p.w.addresses() {
		if a.AllocationID == id {
			_ = p.w.pool.Disassociate(ctx, a.AssociationID)
		}
	}
	return p.Pool.Associate(ctx, id, t)
}

// displacingPool does not look at what the interface holds.
type displacingPool struct {
	eippool.Pool
	w *world
}

func (p displacingPool) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	for _, a := range p.w.addresses() {
		if a.HeldBy(t) && a.AllocationID != id {
			_ = p.w.pool.Disassociate(ctx, a.AssociationID)
		}
	}
	return p.Pool.Associate(ctx, id, t)
}

// forgetfulPool takes an error for an absence.
type forgetfulPool struct{ eippool.Pool }

func (p forgetfulPool) Lookup(ctx context.Context, ids ...string) ([]eippool.Address, error) {
	found, err := p.Pool.Lookup(ctx, ids...)
	if err != nil {
		return nil, nil //nolint:nilerr // that is the defect
	}
	return found, nil
}

// untaggedPool leaves out of its list what has lost the tag; the mutant does
// so in Lookup, too.
type untaggedPool struct {
	eippool.Pool
	left   *string
	mutant bool
}

func (p untaggedPool) List(ctx context.Context) ([]eippool.Address, error) {
	found, err := p.Pool.List(ctx)
	return p.without(found), err
}

func (p untaggedPool) Lookup(ctx context.Context, ids ...string) ([]eippool.Address, error) {
	found, err := p.Pool.Lookup(ctx, ids...)
	if p.mutant {
		found = p.without(found)
	}
	return found, err
}

func (p untaggedPool) without(found []eippool.Address) []eippool.Address {
	var kept []eippool.Address
	for _, a := range found {
		if a.AllocationID != *p.left {
			kept = append(kept, a)
		}
	}
	return kept
}

// hastyPool takes "already associated" for a refusal.
type hastyPool struct{ eippool.Pool }

func (p hastyPool) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	association, err := p.Pool.Associate(ctx, id, t)
	if errors.Is(err, eippool.ErrInUse) {
		err = eippool.ErrDenied
	}
	return association, err
}

// forgetfulFleet takes an error for an absence.
type forgetfulFleet struct{ binder.Fleet }

func (f forgetfulFleet) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	found, err := f.Fleet.Describe(ctx, ids...)
	if err != nil {
		return nil, nil //nolint:nilerr // that is the defect
	}
	return found, nil
}

func poolMutations() []mutation {
	return []mutation{
		{"no association is taken over (AllowReassociation=false)", "pool that steals",
			func(s *subject) { s.backends.Pool = stealingPool{s.backends.Pool, s.world} }, strangerKeepsTheAddress, 2},
		{"an interface that holds an address is not associated", "pool that displaces",
			func(s *subject) { s.backends.Pool = displacingPool{s.backends.Pool, s.world} }, interfaceKeepsItsAddress, 2},
		{"already associated means unknown", "pool that takes it for a refusal",
			func(s *subject) { s.backends.Pool = hastyPool{s.backends.Pool} }, inUseKeepsTheReservation, 2},
		{"an error is never an absence", "pool that finds nothing when it fails",
			func(s *subject) { s.backends.Pool = forgetfulPool{s.backends.Pool} }, failing("pool.Lookup"), 2},
		{"an error is never an absence", "fleet that finds nothing when it fails",
			func(s *subject) { s.backends.Fleet = forgetfulFleet{s.backends.Fleet} }, failing("fleet.Describe"), 2},
		{"what loses the tag while bound stays bound", "pool that looks up by tag",
			func(s *subject) { s.backends.Pool = untaggedPool{s.backends.Pool, new(string), true} },
			untaggedStaysBound, 2},
	}
}

// strangerKeepsTheAddress: somebody associates the address between its
// reservation and our call.
func strangerKeepsTheAddress(s *subject) error {
	s.launch("i-1")
	taken := ""
	s.hook = func(call string, do func() error) error {
		if call == "pool.Associate" && taken == "" {
			taken = s.record("i-1").AllocationID
			s.pool.Add(eippool.Address{AllocationID: taken, IP: s.record("i-1").IP, NetworkInterfaceID: "eni-stranger"})
		}
		return do()
	}
	for range 3 {
		s.do("i-1")
		time.Sleep(7 * time.Minute)
	}
	for _, a := range s.addresses() {
		if a.AllocationID == taken && a.NetworkInterfaceID != "eni-stranger" {
			return fmt.Errorf("the stranger lost %s to %q", a.IP, a.NetworkInterfaceID)
		}
	}
	return must(s.record("i-1") != nil && s.record("i-1").AllocationID != taken, "i-1 did not get the other address")
}

// interfaceKeepsItsAddress: somebody gives the interface an address between
// the reservation and our call.
func interfaceKeepsItsAddress(s *subject) error {
	s.launch("i-1")
	s.hook = func(call string, do func() error) error {
		err := do()
		if call == "store.Put" && len(s.addresses()) == 2 {
			s.pool.Add(eippool.Address{AllocationID: "eipalloc-foreign", NetworkInterfaceID: s.record("i-1").NetworkInterfaceID})
		}
		return err
	}
	s.do("i-1")
	for _, a := range s.addresses() {
		if a.AllocationID == "eipalloc-foreign" {
			return must(a.Associated(), "the foreign address was displaced")
		}
	}
	return nil
}

// inUseKeepsTheReservation: EC2 says "already associated" of our own call.
func inUseKeepsTheReservation(s *subject) error {
	s.launch("i-1")
	s.hook = func(call string, do func() error) error {
		if call == "pool.Associate" {
			return eippool.ErrInUse
		}
		return do()
	}
	s.do("i-1")
	first := s.records()[0]
	s.hook = nil
	s.do("i-1")
	r := s.record("i-1")
	return must(r != nil && r.AllocationID == first.AllocationID && r.Phase == store.Bound,
		"the reservation of %s was given up: %+v", first.AllocationID, r)
}

// failing is the scenario of a call that fails for a quarter of an hour.
func failing(name string) guarded {
	return func(s *subject) error {
		before, err := s.bound("i-1")
		if err != nil {
			return err
		}
		s.hook = func(call string, do func() error) error {
			if call == name {
				return eippool.ErrThrottled
			}
			return do()
		}
		for range 15 {
			time.Sleep(time.Minute)
			s.do("i-1")
		}
		r := s.record("i-1")
		return must(r != nil && r.Version == before.Version, "the record was touched: %+v", r)
	}
}

func untaggedStaysBound(s *subject) error {
	pool, ok := s.backends.Pool.(untaggedPool)
	if !ok {
		pool = untaggedPool{s.backends.Pool, new(string), false}
		s.backends.Pool = pool
	}
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	*pool.left = before.AllocationID
	for range 10 {
		time.Sleep(time.Minute)
		s.do("i-1")
		if _, err := s.sweep(); err != nil {
			return err
		}
	}
	r := s.record("i-1")
	return must(r != nil && r.Visible() && r.AllocationID == before.AllocationID, "the record is %+v", r)
}
