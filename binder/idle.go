package binder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// Prewarm publishes the names of all addresses of the pool that nobody holds,
// waits until they are in sync, and returns how many it published. A binding
// then makes no DNS call and waits for none. Names that are published already
// stay as they are; one that is somebody else's gives way to the policy's next,
// or is an error. Sweep does the same. It needs Options.KeepNames; else it is
// ErrConfig. While the binder is paused it is ErrPaused. One address's failure
// does not touch another's; the error joins them, each a *Error. If the context
// ends, calling again continues.
func (b *Binder) Prewarm(ctx context.Context) (published int, err error) {
	if !b.opts.KeepNames {
		return 0, fmt.Errorf("%w: Prewarm needs Options.KeepNames", ErrConfig)
	}
	switch reason, err := b.paused(ctx); {
	case err != nil:
		return 0, err
	case reason != "":
		return 0, fmt.Errorf("prewarm: %w: %s", ErrPaused, reason)
	}
	zone, err := b.underSuffix(ctx)
	if err != nil {
		return 0, fmt.Errorf("prewarm: %w", err)
	}
	p := picker{b: b}
	if err := p.load(ctx); err != nil {
		return 0, fmt.Errorf("prewarm: %w", err)
	}
	there := viewOf(zone)
	idle := make([]view, len(p.free))
	for i, c := range p.free {
		idle[i] = b.idle(c, there)
	}
	return b.tendAll(ctx, idle)
}

// idle is the view of an address that nobody holds, and of what its name is to
// be, by what the zone shows.
func (b *Binder) idle(c candidate, zone zoneView) view {
	rec := c.record // which is not ours to change: tend makes a copy
	if rec.Version == 0 {
		rec = &store.Record{AllocationID: c.address.AllocationID, IP: c.address.IP, BinderID: b.opts.BinderID, Phase: store.Free}
	}
	v := view{seen: time.Now(), record: rec, address: c.address}
	if b.opts.KeepNames {
		v.wanted, v.failure = b.freeName(c, zone)
		there, _ := zone.get(v.wanted.RRKey)
		v.warm = rec.KeepName && rec.Name == v.wanted.Name && rec.InSync && there.Equal(v.wanted) && v.keeps(rec.RRSets)
	}
	return v
}

// freeName is the A record of the address's first name that is not somebody
// else's.
func (b *Binder) freeName(c candidate, zone zoneView) (dnspolicy.RRSet, error) {
	subject := subjectOf(Instance{}, *c.address)
	names, err := b.names(subject)
	if err != nil {
		return dnspolicy.RRSet{}, err
	}
	var taken error
	for _, name := range names {
		wanted := b.primary(subject, name)
		if beside := zone.neighbour(name); beside != nil {
			taken = errors.Join(taken, &dnspolicy.ConflictError{Change: dnspolicy.Create(wanted), Actual: beside})
			continue
		}
		there, exists := zone.get(wanted.RRKey)
		ours := c.record.KeepName && sameSets(c.record.RRSets, toStored([]dnspolicy.RRSet{there}))
		if !exists || ours || there.Equal(wanted) {
			return wanted, nil
		}
		taken = errors.Join(taken, &dnspolicy.ConflictError{Change: dnspolicy.Create(wanted), Actual: &there})
	}
	return dnspolicy.RRSet{}, fmt.Errorf("%w: %w", ErrNameTaken, taken)
}

// cold reports whether the name is still to be published.
func (v view) cold() bool { return !v.warm && len(v.wanted.Values) > 0 }

// decideFree decides about the record of an address that nobody holds. The
// first line that applies:
//
//	not in the account         note; forget once confirmed, and nothing can land
//	named, and not in the pool note; retire once confirmed, and nothing can land
//	seen again                 note
//	names are not to stay      retire, once nothing can land
//	no name can be made        fail
//	another name was published replace, once nothing can land
//	name is to be published    prewarm, once no removal can land
func (r rules) decideFree(v view) decision {
	named := v.record.KeepName && len(v.record.RRSets) > 0
	switch {
	case v.address == nil:
		return r.confirm(v, oddAddress, r.confirmAfter, func() decision { return r.unfenced(v, stepForget, oddAddress) })
	case v.left && named:
		return r.confirm(v, oddOutside, r.confirmAfter, func() decision { return r.unfenced(v, stepRetire, oddOutside) })
	case !v.left && len(v.record.FirstSeen) > 0:
		return decision{step: stepNote}
	case !r.keepNames && named:
		return r.unfenced(v, stepRetire, "names are not kept any more")
	}
	return r.decideName(v, named)
}

// decideName decides about the name of an address that is in the pool.
func (r rules) decideName(v view, named bool) decision {
	switch {
	case v.failure != nil:
		return fail(v.failure)
	case v.cold() && named && !v.keeps(v.record.RRSets):
		return r.unfenced(v, stepReplace, "another name, or TTL, is to stay")
	case v.cold():
		return r.decideCold(v)
	}
	return decision{step: stepEnd, status: Gone}
}

// decideCold publishes a name, unless a lost removal of the same may land.
func (r rules) decideCold(v view) decision {
	if until := v.record.RemovalAt.Add(r.lateCalls); v.now.Before(until) {
		return wait(NotReady, until.Sub(v.now), "a late call may still remove the name")
	}
	return decision{step: stepPrewarm, reason: "its name is not published"}
}

// keeps reports whether these are what is to stay published.
func (v view) keeps(sets []store.RRSet) bool {
	return len(v.wanted.Values) > 0 && sameSets(sets, toStored([]dnspolicy.RRSet{v.wanted}))
}

// unfenced is the step, as soon as no publication of the name can land any more.
func (r rules) unfenced(v view, s step, reason string) decision {
	if until := latest(v.record.AttemptedAt.Add(r.lateCalls), v.record.FencedUntil); v.now.Before(until) {
		return wait(NotReady, until.Sub(v.now), "a late call may still publish the name")
	}
	return decision{step: s, reason: reason}
}

// tendAll carries out what there is to do about addresses that nobody holds, and
// returns how many names it published.
func (b *Binder) tendAll(ctx context.Context, idle []view) (published int, err error) {
	errs := make([]error, len(idle))
	done := make([]bool, len(idle))
	slots := make(chan struct{}, maxIdle)
	var group sync.WaitGroup
	for i, v := range idle {
		v.now = time.Now()
		if d := b.rules().decideFree(v); d.step == stepEnd {
			if d.status == Failed {
				errs[i] = v.wrap(string(stepPrewarm), d.err)
			}
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			done[i], errs[i] = b.tend(ctx, v)
		})
	}
	group.Wait()
	for _, d := range done {
		if d {
			published++
		}
	}
	return published, errors.Join(errs...)
}

// maxIdle is how many addresses are tended at once. They mostly wait for DNS,
// which is at its best when many come together.
const maxIdle = 1000

// tend carries out what there is to do about one. Somebody who was faster knows
// more: the next sweep looks again.
func (b *Binder) tend(ctx context.Context, v view) (published bool, err error) {
	v.now = time.Now()
	d := b.rules().decideFree(v)
	rec := v.record.Clone()
	v.record = &rec
	if d.step == stepNote {
		if err = b.noteFree(ctx, &v, d.odd); err == nil && d.odd == "" {
			return b.tend(ctx, v) // nothing is odd any more: go on
		}
	} else {
		err = b.changeName(ctx, &v, d.step)
	}
	if faster := errors.Is(err, store.ErrConflict) && !errors.Is(err, ErrNameTaken); err == nil || faster {
		return !faster && (d.step == stepPrewarm || d.step == stepReplace) && v.record.InSync, nil
	}
	return false, v.wrap(string(d.step), err)
}

// noteFree notes since when something is odd, or that nothing is any more.
func (b *Binder) noteFree(ctx context.Context, v *view, odd string) error {
	v.record.FirstSeen = nil
	if odd != "" {
		v.record.FirstSeen = map[string]time.Time{odd: v.now}
	}
	return b.save(ctx, v)
}

func (b *Binder) changeName(ctx context.Context, v *view, s step) error {
	switch s {
	case stepForget:
		if err := b.retire(ctx, v); err != nil {
			return err
		}
		return b.store.Delete(ctx, *v.record)
	case stepRetire:
		return b.retire(ctx, v)
	case stepPrewarm, stepReplace:
		return b.prewarm(ctx, v)
	}
	return nil
}

// save writes the view's record and takes the stored one over.
func (b *Binder) save(ctx context.Context, v *view) error {
	v.record.WriteID = rand.Text()
	stored, err := b.store.Put(ctx, *v.record)
	if err == nil {
		v.record = &stored
	}
	if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) && conflict.Key.Kind == store.NameKey {
		return fmt.Errorf("%w: %w", ErrNameTaken, err)
	}
	return err
}

// prewarm publishes the name of an address that nobody holds: the intent first,
// so that whoever comes next knows what there may be to take back.
func (b *Binder) prewarm(ctx context.Context, v *view) error {
	if err := b.retire(ctx, v); err != nil {
		return err
	}
	rec := v.record
	rec.KeepName, rec.Name, rec.RRSets = true, v.wanted.Name, toStored([]dnspolicy.RRSet{v.wanted})
	rec.Propagation, rec.InSync, rec.Unpublished, rec.AttemptedAt = "", false, false, v.now
	if err := b.save(ctx, v); err != nil {
		return err
	}
	leased, cancel := context.WithDeadline(ctx, v.now.Add(b.opts.Lease))
	defer cancel()
	p, err := b.create(leased, v.record.RRSets)
	if err != nil {
		return err
	}
	waiting, stop := context.WithTimeout(ctx, b.opts.DNSWait)
	defer stop()
	err = b.zone.Wait(waiting, p)
	if err != nil && (!isContext(err) || ctx.Err() != nil) {
		return err
	}
	v.record.Propagation, v.record.InSync = string(p), err == nil // if not, the next sweep asks again
	return b.save(ctx, v)
}

// retire removes the name that stayed with an address, unless it is the one
// that it should have.
func (b *Binder) retire(ctx context.Context, v *view) error {
	rec := v.record
	if !rec.KeepName || len(rec.RRSets) == 0 || v.keeps(rec.RRSets) {
		return nil
	}
	rec.RemovalAt = v.now
	rec.FencedUntil = b.fencedUntil(*rec)
	rec.ReusableAt = latest(rec.ReusableAt, rec.FencedUntil)
	if err := b.save(ctx, v); err != nil {
		return err
	}
	if err := b.unname(ctx, *v); err != nil {
		return err
	}
	rec = v.record
	rec.KeepName, rec.Name, rec.RRSets, rec.Propagation, rec.InSync, rec.ReverseName = false, "", nil, "", false, ""
	return b.save(ctx, v)
}

// unname removes the names of an address that nobody holds.
func (b *Binder) unname(ctx context.Context, v view) error {
	ctx, cancel := context.WithDeadline(ctx, v.now.Add(b.opts.Lease))
	defer cancel()
	if v.record.ReverseName != "" && v.address != nil {
		if err := b.clearReverse(ctx, v.record.AllocationID); err != nil {
			return err
		}
	}
	for _, set := range v.record.RRSets {
		_, err := b.zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(fromStored(set))})
		if err != nil && !errors.Is(err, dnspolicy.ErrConflict) {
			return err
		}
	}
	return nil
}

// asSeen is the candidate with what the zone shows of its name.
func (v view) asSeen(c candidate) candidate {
	if !v.cold() {
		return c
	}
	seen := *c.record
	seen.Propagation, seen.InSync = "", false
	return candidate{address: c.address, record: &seen}
}
