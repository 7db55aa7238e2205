package binder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"

	"github.com/eipbinder/eipbinder/store"
)

// AdoptOptions are how an Adopt goes about it.
type AdoptOptions struct {
	// DryRun only says what would be taken.
	DryRun bool
}

// Adoption is what an Adopt took over, and what it left. It can be marshalled as
// JSON.
type Adoption struct {
	// DryRun: nothing was changed.
	DryRun bool `json:"dryRun"`
	// Taken are bindings and names that records explain from now on, in the order
	// of their addresses.
	Taken []Adopted `json:"taken"`
	// Left is what is as it was, with the reason.
	Left []Adopted `json:"left"`
}

// Adopted is one address that another system has bound or named, or one row of it.
type Adopted struct {
	// Profile is whose it is, of a Mux's; else empty.
	Profile      string     `json:"profile,omitempty"`
	IP           netip.Addr `json:"ip"`
	AllocationID string     `json:"allocationId,omitempty"`
	InstanceID   string     `json:"instanceId,omitempty"`
	Name         string     `json:"name,omitempty"`
	// Allocated is the schedule servers' flag, which stays as it is.
	Allocated bool `json:"allocated,omitempty"`
	// Reason says what is, or why it was left.
	Reason string `json:"reason"`
}

// Adopt takes over what another system has bound before this one: it writes
// records for the pool's addresses that have none, so that sweeps explain what is
// there, and take it back when it is time. It changes no association and no
// DNS record, and rows of the store (store.Adopter) keep their flag. The other
// system must have been stopped for as long as its calls may still land.
//
//   - An address that a running, eligible instance holds on its primary interface
//     becomes Bound, under the name of its row, or else under the one that points
//     at it in the zone, or else the policy's first. If the name is not in the
//     zone, the next sweep publishes it.
//   - A name under the suffix that points at an address which nobody holds stays
//     with the address like a kept name: the next sweep removes it, unless
//     Options.KeepNames wants it. The row of such an address goes with that sweep.
//     So sweep before new workers are bound: one that gets the address before has
//     that name, too, until it goes.
//   - The rest is left, with the reason.
//
// What a record is about already is not mentioned, so that repeating an Adopt
// continues. A read that fails, or is not whole, ends it before it has changed
// anything; while the binder is paused it is ErrPaused. One address's failure does
// not touch another's; the error joins them, each a *Error.
func (b *Binder) Adopt(ctx context.Context, optFns ...func(*AdoptOptions)) (Adoption, error) {
	all, _, err := b.adopt(ctx, b.store, optFns)
	return all, err
}

// Adopt is [Binder.Adopt] of each profile. A row is left only if no pool of the
// profiles on its store has its address.
func (m *Mux) Adopt(ctx context.Context, optFns ...func(*AdoptOptions)) (Adoption, error) {
	all := Adoption{Taken: []Adopted{}, Left: []Adopted{}}
	type place struct {
		store int
		row   store.Row
	}
	sharing, foreign := map[int]int{}, map[place]int{}
	for _, p := range m.profiles {
		sharing[p.store]++
	}
	var rows []Adopted
	var errs []error
	for _, p := range m.profiles {
		part, others, err := p.binder.adopt(ctx, m.stores[p.store], optFns)
		errs = append(errs, p.wrap(err))
		all.DryRun = part.DryRun
		for _, row := range others {
			at := place{p.store, row}
			if foreign[at]++; foreign[at] == sharing[p.store] {
				rows = append(rows, leftRow(row))
			}
		}
		part.Left = part.Left[:len(part.Left)-len(others)]
		for i := range part.Taken {
			part.Taken[i].Profile = p.name
		}
		for i := range part.Left {
			part.Left[i].Profile = p.name
		}
		all.Taken, all.Left = append(all.Taken, part.Taken...), append(all.Left, part.Left...)
	}
	all.Left = append(all.Left, rows...)
	return all, errors.Join(errs...)
}

// adopt also returns the rows of addresses outside the pool, which are the last
// ones of those that were left. The store is the binder's, with all of its abilities.
func (b *Binder) adopt(ctx context.Context, s store.Store, optFns []func(*AdoptOptions)) (Adoption, []store.Row, error) {
	var opts AdoptOptions
	for _, fn := range optFns {
		fn(&opts)
	}
	all := Adoption{DryRun: opts.DryRun, Taken: []Adopted{}, Left: []Adopted{}}
	e, err := b.estate(ctx, s)
	if err != nil {
		return all, nil, fmt.Errorf("adopt: %w", err)
	}
	if reason, err := b.paused(ctx); err != nil {
		return all, nil, fmt.Errorf("adopt: %w", err)
	} else if reason != "" && !opts.DryRun {
		return all, nil, fmt.Errorf("adopt: %w: %s", ErrPaused, reason)
	}
	var errs []error
	for _, address := range e.unrecorded {
		claim, left := e.claim(b, address)
		if claim == nil {
			all.Left = append(all.Left, left...)
			continue
		}
		taken, err := b.take(ctx, s, *claim, e.flag(*claim), opts)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all.Taken = append(all.Taken, taken)
	}
	for _, row := range e.foreign {
		all.Left = append(all.Left, leftRow(row))
	}
	return all, e.foreign, errors.Join(errs...)
}

func leftRow(row store.Row) Adopted {
	return Adopted{IP: row.IP, Name: row.Name, Allocated: row.Allocated, Reason: "row of an address that is not in the pool"}
}

// take writes the record. The flag is the one of its row, as it was seen.
func (b *Binder) take(ctx context.Context, s store.Store, r store.Record, flag bool, opts AdoptOptions) (Adopted, error) {
	taken := Adopted{IP: r.IP, AllocationID: r.AllocationID, InstanceID: r.InstanceID, Name: r.Name, Allocated: flag}
	switch {
	case r.Phase == store.Bound && r.InSync:
		taken.Reason = "bound"
	case r.Phase == store.Bound:
		taken.Reason = "bound; the next sweep publishes its name"
	case r.KeepName:
		taken.Name, taken.Reason = r.RRSets[0].Name, "free; its name stays with it until a sweep decides"
		for _, set := range r.RRSets[1:] {
			taken.Reason += "; also " + set.Name
		}
	default:
		taken.Reason = "free; its row goes with the next sweep"
	}
	if opts.DryRun {
		return taken, nil
	}
	r.WriteID = rand.Text()
	put := s.Put
	if a, ok := s.(store.Adopter); ok && r.Phase == store.Bound {
		put = a.Adopt
	}
	stored, err := put(ctx, r)
	if err != nil {
		return taken, view{id: r.InstanceID, record: &r}.wrap("adopt", err)
	}
	taken.Allocated = stored.Allocated
	return taken, nil
}
