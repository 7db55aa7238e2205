package binder_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// The functions here let a call of a binder take effect, and judge it by the
// invariants of the design. Their callers hold s.mu.

// staleness is how old an observation may be on which a binder acts: as old as
// EC2 gives it, and then as long as a sweep goes on with it.
const staleness = longestLag + 3*time.Minute

// longestCall is longer than a call takes from its decision until it lands.
const longestCall = 5 * time.Second

// leastCoolDown is the binders' Options.CoolDown, the default.
const leastCoolDown = 2 * time.Minute

func (s *simulation) address(id string) (eippool.Address, bool) {
	found, err := s.pool.Lookup(context.Background(), id)
	if err != nil || len(found) == 0 {
		return eippool.Address{}, false
	}
	return found[0], true
}

func (s *simulation) record(key store.Key) *store.Record {
	found, err := s.store.Get(context.Background(), key)
	if err != nil || len(found) == 0 {
		return nil
	}
	return &found[0]
}

// holding returns the record that holds the key, also if somebody has deleted
// its guard.
func (s *simulation) holding(key store.Key) *store.Record {
	if found := s.record(key); found != nil {
		return found
	}
	for _, r := range s.all() {
		if slices.Contains(r.Keys(), key) {
			return &r
		}
	}
	return nil
}

// excused reports whether somebody's hand was on one of these, and nobody has
// seen it healthy since.
func (s *simulation) excused(ids ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return s.damaged[id] })
}

// serves reports whether the instance has been running and eligible for so
// long that everybody knows.
func (s *simulation) serves(instanceID string) bool {
	w := s.workers[instanceID]
	return w != nil && w.state == binder.Running && w.eligible && time.Since(w.since) > staleness
}

// associate judges I1, I2 and I7, and that EC2 can be trusted to be fenced by
// the rule of AttemptedAt: a late call finds its address and its interface as
// its caller left them.
func (s *simulation) associate(id string, t eippool.Target, late bool) (string, error) {
	before, _ := s.address(id)
	association, err := s.pool.Associate(context.Background(), id, t)
	if err != nil || before.Associated() {
		return association, err
	}
	ids := []string{id, t.InstanceID}
	rec, other := s.record(store.ByAddress(id)), s.holding(store.ByInstance(t.InstanceID))
	switch {
	case rec == nil:
		s.violated("I1: an address without a record was associated", ids...)
	case rec.Phase == store.Free && (rec.LastInstanceID != t.InstanceID || !time.Now().Before(rec.ReusableAt)):
		s.violated("I7: a late association hit an address that may be reused", ids...)
	case rec.Phase != store.Free && rec.InstanceID != t.InstanceID:
		s.violated("I1: the address was associated with "+t.InstanceID+", but its record is "+rec.InstanceID+"'s", append(ids, rec.InstanceID)...)
	case rec.Phase == store.Free && !late:
		s.violated("I1: an address was associated that is Free", ids...)
	case other != nil && other.AllocationID != id:
		s.violated("I2: "+t.InstanceID+" has the record of another address", append(ids, other.AllocationID)...)
	}
	s.checkInterface(t, ids)
	return association, err
}

func (s *simulation) checkInterface(t eippool.Target, ids []string) {
	all, err := s.pool.Lookup(context.Background(), slices.Collect(maps.Keys(s.addresses))...)
	held := slices.DeleteFunc(all, func(a eippool.Address) bool { return !a.HeldBy(t) })
	if err != nil || len(held) != 1 {
		s.violated(fmt.Sprintf("I2: %s holds %v", t.NetworkInterfaceID, held), ids...)
	}
}

// holder returns the address that is held by the association.
func (s *simulation) holder(associationID string) eippool.Address {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.addresses {
		if a, ok := s.address(id); ok && a.AssociationID == associationID {
			return a
		}
	}
	return eippool.Address{}
}

// disassociate judges I8, and I4: the name went before.
func (s *simulation) disassociate(associationID string, held eippool.Address) error {
	now, _ := s.address(held.AllocationID)
	err := s.pool.Disassociate(context.Background(), associationID)
	if err != nil || now.AssociationID != associationID {
		return err
	}
	ids := []string{now.AllocationID, now.InstanceID}
	rec := s.record(store.ByAddress(now.AllocationID))
	switch {
	case rec == nil || rec.NetworkInterfaceID != now.NetworkInterfaceID && rec.LastInstanceID != now.InstanceID:
		s.violated("an association that no record explains was ended", ids...)
	case rec.Phase != store.Releasing && s.serves(now.InstanceID):
		s.violated("I8: a serving address was taken from "+now.InstanceID, ids...)
	}
	if rec != nil {
		if name := s.leftBehind(ending(*rec), s.listed, now.AllocationID); name != "" {
			s.violated("I4: "+name+" still points at the address", append(ids, name)...)
		}
	}
	return nil
}

func (s *simulation) published(name, ip string) bool {
	set, err := s.zone.Lookup(context.Background(), dnspolicy.RRKey{Name: name, Type: "A"})
	return err == nil && slices.Equal(set.Values, []string{ip})
}

// apply judges I4 of what is created, and I3 of what is deleted.
func (s *simulation) apply(changes []dnspolicy.Change, late bool) (dnspolicy.Propagation, error) {
	p, err := s.zone.Apply(context.Background(), changes)
	if err != nil {
		return p, err
	}
	for _, c := range changes {
		switch {
		case c.Before == nil:
			s.judgeCreated(*c.After, late)
		case c.After == nil:
			delete(s.late, c.Before.Name)
			s.judgeDeleted(*c.Before)
		}
	}
	return p, nil
}

// judgeCreated checks I4. A late call cannot know whether its instance still
// holds the address, but it must not hit somebody else's.
func (s *simulation) judgeCreated(set dnspolicy.RRSet, late bool) {
	instanceID := s.naming.instanceOf(set)
	switch {
	case set.Type == "TXT":
		s.judgeText(set, late)
		return
	case instanceID == "":
		s.judgeAddressName(set, late)
		return
	}
	for id, known := range s.addresses {
		if known.IP.String() != set.Values[0] {
			continue
		}
		a, _ := s.address(id)
		ids := []string{id, instanceID, set.Name}
		rec := s.record(store.ByAddress(id))
		switch {
		case rec == nil || rec.Phase != store.Free && rec.InstanceID != instanceID:
			s.violated("I4: "+set.Name+" was published for an address that is not "+instanceID+"'s", ids...)
		case rec.Phase == store.Free && !time.Now().Before(rec.ReusableAt):
			s.violated("I7: "+set.Name+" was published for an address that may be reused", ids...)
		case a.InstanceID != instanceID && !late && s.serves(instanceID) && !s.excused(ids...):
			s.violated("I4: "+set.Name+" was published before its address was associated", ids...)
		case late && (rec.Phase == store.Free || rec.Unpublished):
			s.tally["names that came late"]++
			s.late[set.Name] = true
		}
	}
}

// judgeDeleted checks that no name goes that a bound worker needs.
func (s *simulation) judgeDeleted(set dnspolicy.RRSet) {
	rec := s.holding(store.ByName(nameOf(set)))
	if rec == nil || rec.Phase == store.Releasing || !s.serves(rec.InstanceID) {
		return
	}
	if !slices.ContainsFunc(rec.RRSets, func(r store.RRSet) bool { return unstored(r).Equal(set) }) {
		return // somebody else's
	}
	s.violated(fmt.Sprintf("I3: the name of a worker that is %s and serving was deleted", rec.Phase), rec.AllocationID, rec.InstanceID, set.Name)
}

// put judges leases, and I6, I7, I8 and I3 of a record.
func (s *simulation) put(process string, r store.Record, late bool) (store.Record, error) {
	prev := s.record(store.ByAddress(r.AllocationID))
	before := s.rowBefore(r)
	next, err := s.store.Put(context.Background(), r)
	if err != nil || prev != nil && prev.Version == next.Version {
		return next, err
	}
	if prev == nil {
		prev = &store.Record{Phase: store.Free}
	}
	if prev.Leased(time.Now()) && s.owners[prev.Owner] != process {
		s.violated(fmt.Sprintf("a lease of %s until %s was disregarded by %s", s.owners[prev.Owner], prev.LeaseUntil.Format("15:04:05.000"), process), next.AllocationID, prev.InstanceID)
	}
	if next.Owner != "" {
		s.owners[next.Owner] = process
	}
	s.judgeFlag(*prev, next)
	s.judgeRow(before, next)
	switch {
	case prev.Phase == store.Free && next.Phase == store.Reserved:
		s.judgeReserved(*prev, next)
	case next.Phase == store.Releasing && prev.Phase != store.Releasing:
		s.judgeReleasing(*prev, next)
	case next.Visible() && !prev.Visible():
		s.judgeVisible(next)
	case next.Phase == store.Free && prev.Phase == store.Releasing:
		s.judgeFree(*prev, next, late)
	}
	return next, nil
}

func (s *simulation) judgeFlag(prev, next store.Record) {
	set := s.flags[next.AllocationID]
	stays := next.InstanceID != "" && next.InstanceID == prev.InstanceID
	want := stays && set.instanceID == next.InstanceID && set.allocated
	if next.Allocated != want && !(stays && next.Phase == store.Releasing) {
		s.violated(fmt.Sprintf("I6: allocated became %t, though servers left %+v and the record was %+v", next.Allocated, set, prev), next.AllocationID, next.InstanceID)
	}
}

func (s *simulation) judgeReserved(prev, next store.Record) {
	s.tally["reserved"]++
	was := s.past[next.AllocationID]
	if was.instanceID == "" || was.instanceID == next.InstanceID {
		return
	}
	now := time.Now()
	if now.Before(was.freedAt.Add(leastCoolDown)) || now.Before(prev.ReusableAt) {
		s.violated("I7: reserved before the cool-down is over", next.AllocationID, next.InstanceID, was.instanceID)
	}
	if name := s.leftBehind(was.sets, s.resolves, next.AllocationID); name != "" {
		s.violated("I7: reserved while "+name+" still points at it", next.AllocationID, next.InstanceID, name)
	}
}

// judgeReleasing checks I8: a worker that serves loses its address only if it
// is forced to, or if somebody's hand made the address useless.
func (s *simulation) judgeReleasing(prev, next store.Record) {
	ids := []string{next.AllocationID, next.InstanceID, next.Name}
	a, _ := s.address(next.AllocationID)
	serving := prev.Phase == store.Bound || !prev.BoundAt.IsZero() && a.InstanceID == next.InstanceID // else nobody was ever told of it
	if serving && s.serves(next.InstanceID) && !s.forced[next.InstanceID] && !s.taken[next.AllocationID] {
		s.violated(fmt.Sprintf("I8: the record of a serving worker went from %s to releasing: %s", prev.Phase, next.Reason), ids...)
	}
}

// judgeVisible checks I3 of what schedule servers begin to see.
func (s *simulation) judgeVisible(r store.Record) {
	s.tally["shown"]++
	ids := []string{r.AllocationID, r.InstanceID, r.Name}
	if s.naming.hidden && !s.asked[r.InstanceID] {
		s.violated("I6: a worker that starts hidden is visible before anybody has shown it", ids...)
	}
	if w := s.workers[r.InstanceID]; w == nil || w.state != binder.Running || s.excused(ids...) {
		return
	}
	a, _ := s.address(r.AllocationID)
	switch {
	case a.AssociationID != r.AssociationID || a.NetworkInterfaceID != r.NetworkInterfaceID:
		s.violated(fmt.Sprintf("I3: visible with %s, but EC2 has %s at %s", r.AssociationID, a.AssociationID, a.NetworkInterfaceID), ids...)
	case slices.ContainsFunc(r.RRSets, func(set store.RRSet) bool { return !s.resolves(set) }):
		s.violated("I3: visible before its names are in sync", ids...)
	case s.pool.ReverseName(r.AllocationID) != r.ReverseName:
		s.violated("visible before its reverse name is set", ids...)
	}
}

func (s *simulation) judgeFree(prev, next store.Record, late bool) {
	s.tally["freed"]++
	freedAt := next.FreedAt // when the call was decided upon
	if earliest := time.Now().Add(-longestCall); !late && freedAt.Before(earliest) {
		freedAt = earliest
	}
	s.past[next.AllocationID] = formerly{prev.InstanceID, freedAt, ending(prev)}
	delete(s.flags, next.AllocationID)
	delete(s.forced, prev.InstanceID)
	ids := []string{next.AllocationID, prev.InstanceID}
	if a, ok := s.address(next.AllocationID); ok && a.Associated() && a.NetworkInterfaceID == prev.NetworkInterfaceID && !s.excused(ids...) {
		s.violated("freed, but "+prev.InstanceID+" still holds it", ids...)
	}
	if name := s.leftBehind(ending(prev), s.listed, ids...); name != "" {
		s.violated("freed, but "+name+" still points at it", append(ids, name)...)
	}
	if name := s.pool.ReverseName(next.AllocationID); name != "" && name != next.ReverseName {
		s.violated("freed, but its reverse name is still "+name, append(ids, name)...)
	}
}
