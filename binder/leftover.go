package binder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// orphan is a record set that was ours, by the record that remembers it.
type orphan struct {
	set    dnspolicy.RRSet
	record store.Record
}

// removeOrphan deletes a record set that nothing uses any more, if its record
// still says so.
func (b *Binder) removeOrphan(ctx context.Context, o orphan) error {
	now, err := b.store.Get(ctx, store.ByAddress(o.record.AllocationID), store.ByName(o.set.Name))
	if err != nil {
		return fmt.Errorf("get the records of %s: %w", o.set.Name, err)
	}
	if len(now) != 1 || now[0].Version != o.record.Version {
		return nil // in use again: the next sweep looks again
	}
	if err := b.fence(ctx, now[0]); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.opts.Lease)
	defer cancel()
	_, err = b.zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(o.set)})
	if err != nil && !errors.Is(err, dnspolicy.ErrConflict) {
		return &Error{Step: "remove an orphaned name", AllocationID: o.record.AllocationID, Name: o.set.Name, Terminal: terminal(err), Err: err}
	}
	return nil
}

// fence makes a Free record's address nobody's for as long as a removal that
// begins now may land. Somebody who was faster is an error: their name it is.
func (b *Binder) fence(ctx context.Context, r store.Record) error {
	r.WriteID, r.RemovalAt = rand.Text(), time.Now()
	r.FencedUntil = b.fencedUntil(r)
	r.ReusableAt = latest(r.ReusableAt, r.FencedUntil)
	if _, err := b.store.Put(ctx, r); err != nil {
		return &Error{Step: "fence an orphaned name", AllocationID: r.AllocationID, Terminal: terminal(err), Err: err}
	}
	return nil
}

// decideForget decides about the Free record of an address that is not in the
// account: it goes once the absence is confirmed. An address that is back makes
// the next absence a first one again.
func (r rules) decideForget(v view) decision {
	if v.address != nil {
		return decision{step: stepNote}
	}
	return r.confirm(v, oddAddress, r.confirmAfter, func() decision { return decision{step: stepForget, reason: oddAddress} })
}

// forget carries that decision out. A name that stayed with the address goes
// first. Somebody who was faster knows more: the next sweep looks again.
func (b *Binder) forget(ctx context.Context, v view) error {
	v.now = time.Now()
	d := b.rules().decideForget(v)
	var err error
	switch d.step {
	case stepNote:
		rec := v.record.Clone()
		rec.FirstSeen, rec.WriteID = nil, rand.Text()
		if d.odd != "" {
			rec.FirstSeen = map[string]time.Time{d.odd: v.now}
		}
		_, err = b.store.Put(ctx, rec)
	case stepForget:
		if err = b.removeKept(ctx, *v.record); err == nil {
			err = b.store.Delete(ctx, *v.record)
		}
	}
	if err == nil || errors.Is(err, store.ErrConflict) {
		return nil
	}
	return v.wrap("forget an absent address", err)
}

// removeKept removes the names that stayed with a free address.
func (b *Binder) removeKept(ctx context.Context, r store.Record) error {
	if !r.KeepName {
		return nil
	}
	for _, set := range r.RRSets {
		_, err := b.zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(fromStored(set))})
		if err != nil && !errors.Is(err, dnspolicy.ErrConflict) {
			return err
		}
	}
	return nil
}
