package binder

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// release makes the record Releasing: it is hidden from schedule servers, and
// there is no way back.
func (r *run) release(ctx context.Context, d decision) error {
	rec := r.v.record.Clone()
	rec.Phase, rec.Reason, rec.Forced, rec.Draining, rec.FirstSeen = store.Releasing, d.reason, d.forced, false, onlyLost(rec.FirstSeen)
	if r.v.lostRace() {
		rec.Unpublished, rec.InSync, rec.ReverseName = true, true, ""
		letGo(&rec)
	} else if len(passing(&rec)) > 0 {
		rec.Propagation, rec.InSync, rec.RemovalAt = "", false, r.v.now
		r.lease(&rec)
	} else if r.lacksTurn(stepDisassociate) {
		letGo(&rec) // that comes next, and its turn before its lease
	} else {
		r.lease(&rec)
	}
	if err := r.put(ctx, rec); err != nil {
		return err
	}
	r.tell(ctx, EventReleasing, r.v.now, d.reason)
	return nil
}

// lostRace reports whether somebody else was faster to associate the reserved
// address: its names, if they are there, may be theirs. Where names are kept, what
// goes with a binding is older than it.
func (v view) lostRace() bool {
	rec := v.record
	return rec.Phase == store.Reserved && !isPublished(rec) && v.outrun()
}

// outrun reports whether the record's address is somebody else's, and never was
// this binding's.
func (v view) outrun() bool {
	return !v.record.KeepName && v.record.BoundAt.IsZero() && v.heldElsewhere()
}

// heldElsewhere reports whether another interface holds the record's address.
func (v view) heldElsewhere() bool {
	return v.address != nil && v.address.Associated() && v.address.NetworkInterfaceID != v.record.NetworkInterfaceID
}

// unpublish deletes the record sets, each only if it is exactly as stored. One
// that is gone needs nothing; one that was changed by somebody is reported
// and left alone.
func (r *run) unpublish(ctx context.Context) (decision, error) {
	start := r.v.now
	passing := passing(r.v.record)
	changes := make([]dnspolicy.Change, len(passing))
	for i, set := range passing {
		changes[i] = dnspolicy.Delete(fromStored(set))
	}
	for {
		var p dnspolicy.Propagation
		var err error
		r.withoutSlot(func() { p, err = r.b.zone.Apply(ctx, changes) })
		conflict := (*dnspolicy.ConflictError)(nil)
		switch {
		case err == nil:
			r.removed(p)
			r.tell(ctx, EventUnpublished, start, "")
			return decision{}, nil
		case !errors.As(err, &conflict):
			r.noteLost(time.Now())
			return decision{}, err
		case conflict.Actual != nil:
			r.b.observe(ctx, r.v.event(EventDriftFound, conflict))
		}
		left := slices.DeleteFunc(changes, func(c dnspolicy.Change) bool { return c.Key() == conflict.Change.Key() })
		if len(left) == len(changes) {
			return decision{}, err // a conflict that is about none of them
		}
		changes = left
	}
}

// removed notes the removal. If nothing was left to remove, it is not known
// when that was: the name then counts as cached until ConfirmAfter from now.
func (r *run) removed(p dnspolicy.Propagation) {
	rec := r.v.record
	if p == "" && !rec.Unpublished {
		rec.ReusableAt = r.v.now.Add(r.b.opts.ConfirmAfter + largestTTL(rec.RRSets))
	}
	rec.Unpublished, rec.Propagation, rec.InSync = true, string(p), p == ""
	if !r.b.rules().mayLand(r.v) {
		delete(rec.FirstSeen, oddLost)
	}
	r.v.unsaved = true
}

func largestTTL(sets []store.RRSet) time.Duration {
	var ttl time.Duration
	for _, s := range sets {
		ttl = max(ttl, s.TTL)
	}
	return ttl
}

// disassociate takes the address from the record's interface.
func (r *run) disassociate(ctx context.Context) (decision, error) {
	start := r.v.now
	if err := r.b.pool.Disassociate(ctx, r.v.address.AssociationID); err != nil {
		return decision{}, err
	}
	free := *r.v.address // the look's own is shared
	free.AssociationID, free.NetworkInterfaceID, free.InstanceID = "", "", ""
	r.v.address = &free
	r.tell(ctx, EventDisassociated, start, "")
	return decision{}, nil
}

// free ends the binding. The address is nobody's until it has cooled down.
func (r *run) free(ctx context.Context) error {
	old := *r.v.record
	rec := store.Record{
		AllocationID: old.AllocationID, IP: old.IP, BinderID: old.BinderID, Phase: store.Free, Version: old.Version,
		LastInstanceID: old.InstanceID, FreedAt: r.v.now, ReusableAt: r.reusableAt(old), FencedUntil: r.b.fencedUntil(old),
	}
	if !dead(r.v.instance) { // which may be bound anew, while EC2 still shows the association that has ended
		rec.FencedUntil = latest(rec.FencedUntil, r.v.now.Add(r.b.opts.ConfirmAfter))
	}
	if rec.RRSets, rec.Unpublished = old.RRSets, old.Unpublished; old.KeepName {
		r.keep(&rec, old)
	}
	if r.v.address == nil {
		rec.FirstSeen = map[string]time.Time{oddAddress: r.v.now}
	}
	if err := r.put(ctx, rec); err != nil {
		return err
	}
	r.picker.freed.Add(1)
	r.v.record = &old
	r.tell(ctx, EventUnbound, r.start, old.Reason)
	r.v.record, r.v.address, r.v.unbound = nil, nil, true
	return nil
}

// keep leaves the name with the freed address. That it is published is known
// if nothing else was told about it while the binding ended.
func (r *run) keep(rec *store.Record, old store.Record) {
	rec.KeepName, rec.Unpublished, rec.ReverseName = true, false, old.ReverseName
	if rec.RRSets = old.RRSets[:len(old.RRSets)-len(passing(&old))]; len(rec.RRSets) > 0 {
		rec.Name = old.Name
	}
	switch {
	case r.v.missing || r.v.usurped != nil:
	case old.Unpublished:
		rec.InSync = !old.BoundAt.IsZero()
	default:
		rec.Propagation, rec.InSync = old.Propagation, old.InSync
	}
}

// reusableAt is when resolvers have forgotten the name, no call can land any
// more, and the cool-down is over.
func (r *run) reusableAt(rec store.Record) time.Time {
	at := latest(r.v.now.Add(r.b.opts.CoolDown), r.b.fencedUntil(rec))
	if rec.Unpublished && rec.Propagation != "" {
		at = latest(at, r.v.now.Add(largestTTL(rec.RRSets)))
	}
	return latest(at, rec.ReusableAt)
}

// fencedUntil is when no call can land any more that was made under a lease of
// the record. A call that failed is not the only one to fear: what an SDK tries
// again by itself, and then reports as done, was made twice.
func (b *Binder) fencedUntil(rec store.Record) time.Time {
	return latest(rec.AttemptedAt, rec.RemovalAt).Add(b.opts.LateCalls)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// mark writes what needs no cloud call: what is odd and since when, hidden or
// shown, reserved again, or just what this run has found out.
func (r *run) mark(ctx context.Context, d decision) error {
	rec := r.v.record.Clone()
	for _, odd := range r.b.rules().ended(r.v) {
		delete(rec.FirstSeen, odd)
	}
	if d.odd != "" {
		if rec.FirstSeen == nil {
			rec.FirstSeen = map[string]time.Time{}
		}
		rec.FirstSeen[d.odd] = r.v.now
	}
	kind := EventKind("")
	switch d.step {
	case stepHide:
		rec.Draining, rec.Reason, kind = true, d.reason, EventHidden
	case stepShow:
		rec.Draining, rec.Reason, kind = false, "", EventShown
	case stepReopen:
		rec.Phase, rec.Propagation, rec.InSync = store.Reserved, "", false
		if !r.b.rules().associated(r.v) {
			rec.AssociationID = ""
		}
		kind, r.v.missing, r.v.usurped = EventDriftFound, false, nil
	}
	letGo(&rec)
	if err := r.put(ctx, rec); err != nil {
		return err
	}
	if kind != "" {
		r.tell(ctx, kind, r.v.now, d.reason)
	}
	return nil
}
