package binder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// reserve writes the intent to bind: one write that makes the address, the
// instance and the name ours, or none of them. Lost races go on with the next
// candidate; a pool without one ends the run.
func (r *run) reserve(ctx context.Context) (decision, error) {
	var taken error // why candidates could not get a name
	contested := false
	for {
		own := r.v.own != nil
		c, retry, err := r.candidate(ctx)
		if err != nil {
			return decision{}, fmt.Errorf("choose an address: %w", err)
		}
		if c == nil {
			return noneLeft(retry, contested), taken
		}
		err = r.reserveOne(ctx, *c)
		var conflict *store.ConflictError
		switch {
		case err == nil:
			r.tell(ctx, EventReserved, r.v.now, "")
			return decision{}, nil
		case own:
			return decision{}, err // it holds this one, which is nobody else's, and must get no other
		case errors.As(err, &conflict) && conflict.Key.Kind == store.AddressKey:
			contested = true
			continue // another worker was faster
		case errors.Is(err, ErrNameTaken) && r.b.perAddress():
			taken = err
			continue // another address has another name
		}
		r.picker.giveBack(*c)
		return decision{}, err
	}
}

// noneLeft is the end of a run that has tried every candidate. If others were
// faster, the picker's look is older than these races, and the pool need not be
// dry.
func noneLeft(retry time.Duration, contested bool) decision {
	if contested {
		return wait(Busy, contestedRetry, "others were faster at every address")
	}
	return wait(Exhausted, retry, "no address of the pool is free for it")
}

// candidate is the address that the instance holds already, or else the next
// one that the picker has for it.
func (r *run) candidate(ctx context.Context) (*candidate, time.Duration, error) {
	if own := r.v.own; own != nil {
		r.v.own = nil
		return own, 0, nil
	}
	return r.picker.take(ctx, *r.v.instance)
}

// reserveOne tries the candidate names in turn. Before it gives up, it sees to
// it that the last one's holder is what it should be: it may be long gone.
func (r *run) reserveOne(ctx context.Context, c candidate) error {
	subject := subjectOf(*r.v.instance, *c.address)
	names, err := r.b.names(subject)
	if err != nil {
		return err
	}
	var holder *store.ConflictError
	var refused []error
	for _, name := range names {
		rec, err := r.reservation(c, subject, name)
		if err != nil { // another name may have the records that this one cannot
			refused = append(refused, err)
			continue
		}
		if err = r.put(ctx, rec); err == nil {
			r.v.address = c.address
			return nil
		}
		if !errors.As(err, &holder) || holder.Key.Kind != store.NameKey {
			return err
		}
	}
	if holder == nil {
		return errors.Join(refused...)
	}
	return r.askHolder(ctx, c, holder)
}

// askHolder sees to the holder of a name, once, and then tries again. Another
// deployment's is not ours to see to, and the name of a Free one stays with it.
func (r *run) askHolder(ctx context.Context, c candidate, holder *store.ConflictError) error {
	held := holder.Holder
	if !r.helps || r.helped || held == nil || held.Phase == store.Free || held.BinderID != r.b.opts.BinderID {
		return fmt.Errorf("%w: %w", ErrNameTaken, holder)
	}
	r.helped = true
	var err error
	unasked := WithOutcomes(ctx, nil) // nobody who waits for outcomes asked for this one
	r.withoutSlot(func() { _, err = r.b.reconcile(unasked, []string{held.InstanceID}, order{}, false) })
	r.v.now = time.Now()
	if err != nil {
		return fmt.Errorf("reconcile the holder of a wanted name: %w", err)
	}
	return r.reserveOne(ctx, c)
}

// reservation is the record that reserves the candidate under the name. The
// call that associates it follows at once, hence AttemptedAt.
func (r *run) reservation(c candidate, s dnspolicy.Subject, name string) (store.Record, error) {
	sets, err := r.b.recordSets(s, name)
	if err != nil {
		return store.Record{}, err
	}
	stored := withKept(toStored(sets), c.record)
	i := r.v.instance
	rec := store.Record{
		AllocationID: c.address.AllocationID, IP: c.address.IP, BinderID: r.b.opts.BinderID,
		Phase: store.Reserved, Version: c.record.Version,
		InstanceID: i.ID, NetworkInterfaceID: i.NetworkInterfaceID, Name: name, AvailabilityZone: i.AvailabilityZone,
		Tags: r.b.recordTags(i.Tags), RRSets: stored, KeepName: r.b.opts.KeepNames,
		ReverseName:    cmp.Or(r.b.reverseName(name), c.record.ReverseName),
		LastInstanceID: c.record.LastInstanceID, FreedAt: c.record.FreedAt, AttemptedAt: r.v.now,
	}
	if r.b.opts.StartHidden {
		rec.Draining, rec.Reason = true, ReasonStartHidden
	}
	if rec.KeepName && c.record.KeepName && sameSets(c.record.RRSets, stored) {
		rec.Propagation, rec.InSync = c.record.Propagation, c.record.InSync
	}
	r.lease(&rec)
	return rec, nil
}

// withKept adds what is published for an address that kept its name, so that
// nothing is forgotten when policy or options change: the name as it is, if it is
// the same, or else as one that goes when the binding ends.
func withKept(wanted []store.RRSet, kept *store.Record) []store.RRSet {
	if !kept.KeepName {
		return wanted
	}
	for _, old := range kept.RRSets {
		i := slices.IndexFunc(wanted, func(set store.RRSet) bool { return fromStored(set).RRKey == fromStored(old).RRKey })
		switch {
		case i < 0:
			wanted = append(wanted, old)
		case slices.Equal(wanted[i].Values, old.Values):
			wanted[i] = old // with the TTL that it has
		}
	}
	return wanted
}

func (b *Binder) recordTags(tags map[string]string) map[string]string {
	kept := maps.Clone(tags)
	maps.DeleteFunc(kept, func(key, _ string) bool { return !slices.Contains(b.opts.RecordTags, key) })
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// claim takes the lease of a record that nobody holds, or renews one's own. It
// also is the strongly consistent proof that the record is still as it was read.
func (r *run) claim(ctx context.Context) (decision, error) {
	rec := r.v.record.Clone()
	r.lease(&rec)
	if rec.Phase == store.Reserved {
		if !r.b.rules().associated(r.v) {
			rec.AssociationID = ""
		}
		rec.AttemptedAt = r.v.now
	} else if len(passing(&rec)) > 0 {
		rec.RemovalAt = r.v.now
	}
	return decision{}, r.put(ctx, rec)
}

// associate makes the interface hold the address. What the reply leaves open
// is looked up; what it refuses for good gives the reservation up.
func (r *run) associate(ctx context.Context) (decision, error) {
	start := r.v.now
	rec := r.v.record
	id, err := r.b.pool.Associate(ctx, rec.AllocationID, r.target())
	switch {
	case err == nil:
		rec.AssociationID, r.v.unsaved = id, true
		held := *r.v.address
		held.AssociationID, held.NetworkInterfaceID, held.InstanceID = id, rec.NetworkInterfaceID, rec.InstanceID
		r.v.address = &held
		r.tell(ctx, EventAssociated, start, "")
		return decision{}, nil
	case errors.Is(err, eippool.ErrInUse), errors.Is(err, eippool.ErrNotFound):
		return r.resolve(ctx)
	case errors.Is(err, eippool.ErrTargetNotReady), errors.Is(err, eippool.ErrTargetGone):
		return wait(NotReady, notReadyRetry, err.Error()), nil
	case errors.Is(err, eippool.ErrOccupied), errors.Is(err, eippool.ErrDenied), errors.Is(err, eippool.ErrInvalid):
		r.v.failure = r.wrap(stepAssociate, err)
		return decision{}, nil
	}
	return decision{}, err
}

func (r *run) target() eippool.Target {
	return eippool.Target{
		InstanceID:         r.v.record.InstanceID,
		NetworkInterfaceID: r.v.record.NetworkInterfaceID,
		NetworkBorderGroup: r.v.instance.NetworkBorderGroup,
	}
}

// resolve looks up who holds an address that could not be associated. If
// nobody is seen to, the holder is just not visible yet, and is probably us.
func (r *run) resolve(ctx context.Context) (decision, error) {
	if err := r.lookUpAddress(ctx); err != nil {
		return decision{}, err
	}
	if r.v.address != nil && !r.v.address.Associated() {
		return wait(NotReady, notReadyRetry, "it is not visible yet who holds the address"), nil
	}
	return decision{}, nil
}

func (r *run) lookUpAddress(ctx context.Context) error {
	found, err := r.b.pool.Lookup(ctx, r.v.record.AllocationID)
	if err != nil {
		return fmt.Errorf("look the address up: %w", err)
	}
	r.v.address = nil
	if len(found) == 1 {
		r.v.address = &found[0]
	}
	return nil
}

// publish creates the record sets. A name that is somebody else's is given up
// for the next candidate; the address stays.
func (r *run) publish(ctx context.Context) (decision, error) {
	start := r.v.now
	var p dnspolicy.Propagation
	var err error
	r.withoutSlot(func() { p, err = r.b.create(ctx, r.v.record.RRSets) })
	conflict := (*dnspolicy.ConflictError)(nil)
	switch {
	case err == nil:
		r.v.record.Propagation, r.v.record.InSync, r.v.unsaved = string(p), p == "", true
		r.tell(ctx, EventPublished, start, "")
		return decision{}, nil
	case !errors.As(err, &conflict):
		r.noteLost(time.Now())
		return decision{}, err
	}
	return decision{}, r.rename(ctx, conflict)
}

// create creates the record sets, all or none. One that is there already,
// exactly as it should be, is ours, from before a reply was lost; one that is
// different is somebody else's, and a *dnspolicy.ConflictError.
func (b *Binder) create(ctx context.Context, sets []store.RRSet) (dnspolicy.Propagation, error) {
	changes := make([]dnspolicy.Change, len(sets))
	for i, set := range sets {
		changes[i] = dnspolicy.Create(fromStored(set))
	}
	for {
		p, err := b.zone.Apply(ctx, changes)
		conflict := (*dnspolicy.ConflictError)(nil)
		if !errors.As(err, &conflict) || !republish(changes, conflict) {
			return p, err
		}
	}
}

// republish turns the change that found its own record set there already into
// one that publishes it again, and one that found it gone again into one that
// creates it. Otherwise the conflict is somebody else's record set.
func republish(changes []dnspolicy.Change, c *dnspolicy.ConflictError) bool {
	i := slices.IndexFunc(changes, func(ch dnspolicy.Change) bool { return ch.Key() == c.Change.Key() })
	if i < 0 {
		return false
	}
	wanted := *changes[i].After
	switch {
	case c.Actual == nil && changes[i].Before != nil:
		changes[i] = dnspolicy.Create(wanted)
	case c.Actual != nil && c.Actual.Equal(wanted) && changes[i].Before == nil:
		changes[i] = dnspolicy.Republish(wanted)
	default:
		return false
	}
	return true
}

// await waits for DNS, without a lease, since anybody may, and without a slot,
// so that others work meanwhile. If time runs out nothing is lost.
func (r *run) await(ctx context.Context) (decision, error) {
	waiting, cancel := context.WithTimeout(ctx, r.b.opts.DNSWait)
	defer cancel()
	var err error
	r.withoutSlot(func() { err = r.b.zone.Wait(waiting, dnspolicy.Propagation(r.v.record.Propagation)) })
	switch {
	case errors.Is(err, dnspolicy.ErrNotFound):
		if r.v.record.Phase == store.Releasing {
			r.removed("")
		} else {
			r.v.record.Propagation, r.v.unsaved = "", true
		}
		return decision{}, nil
	case isContext(err):
		return wait(NotReady, dnsRetry, "DNS is not in sync yet"), nil
	case err != nil:
		return decision{}, err
	}
	r.v.record.InSync, r.v.unsaved = true, true
	if r.v.record.Phase == store.Releasing {
		return decision{}, r.lookUpAddress(ctx) // a late call may have landed meanwhile
	}
	return decision{}, nil
}

// boundByAnother takes the record over if somebody else who waited for the same
// has bound it meanwhile, just so: many wait for DNS, and one is first.
func (r *run) boundByAnother(ctx context.Context, wanted store.Record, err error) error {
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	found, getErr := r.b.store.Get(ctx, store.ByInstance(wanted.InstanceID))
	if getErr != nil || len(found) != 1 {
		return err
	}
	now := found[0]
	if now.Phase != store.Bound || now.Owner != "" || now.AllocationID != wanted.AllocationID || now.AssociationID != wanted.AssociationID || now.Name != wanted.Name {
		return err
	}
	r.v.record, r.v.unsaved = &now, false
	return nil
}

// commit makes the record Bound: schedule servers see it from now on, unless it
// is hidden.
func (r *run) commit(ctx context.Context) error {
	rec := r.v.record.Clone()
	repaired := !rec.BoundAt.IsZero() // it was bound before
	rec.Phase, rec.BoundAt, rec.FirstSeen = store.Bound, r.v.now, onlyLost(rec.FirstSeen)
	if by := drainedBy(ctx, rec.InstanceID); by != "" && (!rec.Draining || rec.Reason == ReasonStartHidden || rec.Reason == reasonStopped) {
		rec.Draining, rec.Reason = true, DrainedBy(by)
	}
	letGo(&rec)
	if err := r.put(ctx, rec); err != nil {
		return r.boundByAnother(ctx, rec, err)
	}
	r.v.bound = true
	if repaired { // which says nothing of how long workers take
		r.tell(ctx, EventDriftRepaired, r.start, "")
		return nil
	}
	since := r.v.instance.LaunchedAt
	if since.IsZero() {
		since = r.start
	}
	r.tell(ctx, EventBound, since, "")
	return nil
}
