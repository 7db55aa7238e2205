package binder_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// What people do by hand to EC2 and DNS.

// hand notes a hand edit of these. The caller holds s.mu.
func (s *simulation) hand(what string, ids ...string) {
	s.tally["hand edits"]++
	s.note("hand", what, "", ids...)
	for _, id := range ids {
		if id != "" {
			s.changed[id], s.damaged[id] = time.Now(), true
		}
	}
}

// anyBound returns a bound record and its address by chance.
func (s *simulation) anyBound() (store.Record, eippool.Address, bool) {
	r, ok := s.any(isBound)
	if !ok {
		return r, eippool.Address{}, false
	}
	a, ok := s.address(r.AllocationID)
	return r, a, ok
}

func (s *simulation) disassociateByHand() {
	r, a, ok := s.anyBound()
	if !ok || !a.Associated() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.pool.Disassociate(context.Background(), a.AssociationID); err != nil {
		s.t.Error(err)
	}
	s.taken[r.AllocationID] = true
	s.hand("disassociate", r.AllocationID, r.InstanceID)
}

// giveToStranger moves an address to an interface that is no worker's, and
// back after a while.
func (s *simulation) giveToStranger() {
	a, ok := pick(s, s.known())
	away := s.between(10*time.Minute, time.Hour)
	if !ok {
		return
	}
	s.move(a.AllocationID, "eni-stranger-"+a.AllocationID)
	s.later(away, func() { s.move(a.AllocationID, "") })
}

func (s *simulation) move(id, eni string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.address(id)
	if !ok || eni == "" && a.NetworkInterfaceID != "eni-stranger-"+id {
		return
	}
	r := s.record(store.ByAddress(id))
	instanceID := a.InstanceID
	if r != nil && r.InstanceID != "" {
		instanceID = r.InstanceID
	}
	a.AssociationID, a.NetworkInterfaceID, a.InstanceID = "", eni, ""
	reverse := s.pool.ReverseName(id)
	s.pool.Add(a)
	if reverse != "" {
		_ = s.pool.SetReverseName(context.Background(), id, reverse) // as EC2 keeps it
	}
	s.taken[id] = true
	s.hand("move to "+eni, id, instanceID)
}

// known returns the account's addresses in the order of their IDs.
func (s *simulation) known() []eippool.Address {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]eippool.Address, 0, len(s.addresses))
	for _, id := range slices.Sorted(maps.Keys(s.addresses)) {
		all = append(all, s.addresses[id])
	}
	return all
}

// releaseByHand takes an address out of the account. A new one is bought.
func (s *simulation) releaseByHand() {
	a, ok := pick(s, s.known())
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held := ""
	if r := s.record(store.ByAddress(a.AllocationID)); r != nil {
		held = r.InstanceID
	}
	s.pool.Remove(a.AllocationID)
	s.taken[a.AllocationID] = true
	delete(s.addresses, a.AllocationID)
	s.hand("release", a.AllocationID, held)
	s.buy()
}

// untag takes an address out of the pool for a while.
func (s *simulation) untag() {
	a, ok := pick(s, s.known())
	away := s.between(10*time.Minute, time.Hour)
	if !ok {
		return
	}
	tag := func(tags map[string]string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pool.SetTags(a.AllocationID, tags)
		s.note("hand", fmt.Sprintf("tags=%v", tags), "", a.AllocationID)
		s.changed[a.AllocationID] = time.Now()
	}
	tag(nil)
	s.later(away, func() { tag(a.Tags) })
}

// anyNamed returns a record whose name is published, and one of its record sets.
func (s *simulation) anyNamed() (store.Record, store.RRSet, bool) {
	r, ok := s.any(func(r store.Record) bool {
		return isBound(r) || r.Phase == store.Free && r.KeepName && len(r.RRSets) > 0
	})
	if !ok {
		return r, store.RRSet{}, false
	}
	set, ok := pick(s, r.RRSets)
	return r, set, ok
}

func (s *simulation) deleteName() {
	r, set, ok := s.anyNamed()
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone.Remove(unstored(set).RRKey)
	s.hand("delete the name", set.Name, r.RRSets[0].Name, r.AllocationID, r.InstanceID)
}

// changeName makes a bound name point elsewhere; somebody deletes it later.
func (s *simulation) changeName() {
	if r, _, ok := s.anyNamed(); ok {
		s.publishForAWhile(r.RRSets[0].Name, "192.0.2.66", r.AllocationID, r.InstanceID)
	}
}

// addName publishes a name of nobody's; somebody deletes it later.
func (s *simulation) addName() {
	a, ok := pick(s, s.known())
	if !ok {
		return
	}
	ip := a.IP.String()
	if s.random.IntN(2) == 0 {
		ip = "192.0.2.77"
	}
	s.publishForAWhile(fmt.Sprintf("stray-%d.%s", s.random.IntN(1000), suffix), ip)
}

func (s *simulation) publishForAWhile(name, ip string, about ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := aRecord(name, ip)
	if err := s.zone.Set(set); err != nil {
		s.t.Error(err)
	}
	s.hand("publish as "+ip, append(about, name)...)
	s.later(s.between(10*time.Minute, time.Hour), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.published(name, ip) {
			s.zone.Remove(set.RRKey)
			s.hand("delete again", append(about, name)...)
		}
	})
}
