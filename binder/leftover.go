package binder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// orphan is a record set that was ours, by the record that remembers it.
type orphan struct {
	set    dnspolicy.RRSet
	record *store.Record
}

// wantedBy reports whether a record of somebody who holds an address wants
// exactly this set.
func (o orphan) wantedBy(r store.Record) bool {
	return r.Phase != store.Free && slices.ContainsFunc(r.RRSets, func(set store.RRSet) bool { return fromStored(set).Equal(o.set) })
}

// removeOrphan deletes a record set that nothing uses any more, if its record
// still says so.
func (b *Binder) removeOrphan(ctx context.Context, o orphan) error {
	now, err := b.store.Get(ctx, store.ByAddress(o.record.AllocationID), store.ByName(o.set.Name))
	if err != nil {
		return fmt.Errorf("get the records of %s: %w", o.set.Name, err)
	}
	at := slices.IndexFunc(now, func(r store.Record) bool { return r.AllocationID == o.record.AllocationID })
	if at < 0 || now[at].Version != o.record.Version || slices.ContainsFunc(now, o.wantedBy) {
		return nil // in use again: the next sweep looks again
	}
	address, err := b.pool.Lookup(ctx, o.record.AllocationID) // younger than the zone's list
	if err != nil {
		return fmt.Errorf("look the address of %s up: %w", o.set.Name, err)
	}
	if slices.ContainsFunc(address, eippool.Address.Associated) {
		return nil // somebody else's name, perhaps
	}
	if err := b.fence(ctx, now[at]); err != nil {
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
