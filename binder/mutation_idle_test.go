package binder_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// idleMutations are about addresses that nobody holds, or not by us.
func idleMutations() []mutation {
	const first, stays = "a name goes before its instance is bound anew", "associations that no record explains are reported and never removed"
	const fenced = "a name is removed only under a write that its record is still as it was"
	return []mutation{
		{first, "leaves the name of what was given back by hand", decides("leaves the name of what was given back by hand"), givenBackByHand, 2},
		{first, "takes what was given back by hand for bound", decides("takes what was given back by hand for bound"), givenBackByHand, 2},
		{stays, "sweep that ends what it cannot explain", func(s *subject) { s.sweeps = binder.SweepWhatIsHeld }, unexplainedAssociationStays, 1},
		{stays, "sweep that does not report it", func(s *subject) { s.sweeps = binder.SweepSilently }, unexplainedAssociationStays, 1},
		{fenced, "sweep that removes kept names first", func(s *subject) { s.sweeps = binder.SweepUnfenced }, keptNameOfTheFasterStays, 1},
		{fenced, "store without compare-and-set: kept names",
			func(s *subject) { s.backends.Store = lastWriterStore{s.backends.Store} }, keptNameOfTheFasterStays, 1},
		{fenced, "sweep that removes names left over first", func(s *subject) { s.sweeps = binder.SweepUnfenced }, leftoverOfTheFasterStays, 1},
		{"a kept name stays while its publication may land", "binder that does not count them: kept names",
			func(s *subject) { s.options = append(s.options, func(o *binder.Options) { o.LateCalls = 0 }) }, lateKeptNameGoes, 1},
	}
}

// givenBackByHand: somebody releases the address of a worker that serves.
func givenBackByHand(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.pool.Remove(before.AllocationID)
	var early error
	s.hook = func(call string, do func() error) error {
		if call == "pool.Associate" && s.value("i-1") == before.IP.String() {
			early = errors.New("bound anew while its name points at what is not its own any more")
		}
		return do()
	}
	for range 10 {
		s.do("i-1")
		time.Sleep(2 * time.Minute)
	}
	r := s.record("i-1")
	anew := r != nil && r.Visible() && r.AllocationID != before.AllocationID && s.value("i-1") == r.IP.String()
	return errors.Join(early, must(anew, "not bound anew: %+v", r))
}

// unexplainedAssociationStays: somebody else uses an address of the pool.
func unexplainedAssociationStays(s *subject) error {
	const theirs = "eipalloc-theirs"
	s.pool.Add(eippool.Address{AllocationID: theirs, IP: netip.MustParseAddr("203.0.113.99"), NetworkInterfaceID: "eni-stranger"})
	for range 3 {
		report, err := s.sweep()
		if err != nil {
			return err
		}
		reported := slices.ContainsFunc(report.Findings, func(f binder.Finding) bool {
			return f.Kind == binder.FindingAssociation && f.AllocationID == theirs
		})
		held := slices.ContainsFunc(s.addresses(), func(a eippool.Address) bool {
			return a.AllocationID == theirs && a.NetworkInterfaceID == "eni-stranger"
		})
		if !reported || !held {
			return fmt.Errorf("reported: %t, still held: %t", reported, held)
		}
		time.Sleep(10 * time.Minute)
	}
	return nil
}

// keepNames makes the subject's names stay with their addresses.
func (s *subject) keepNames() {
	s.backends.Policy = dnspolicy.PerAddress(dnspolicy.DashedIP())
	s.options = append(s.options, func(o *binder.Options) { o.KeepNames = true })
}

// overtaken has another process do something before the first change that this
// one makes.
func (s *subject) overtaken(other func()) {
	s.hook = func(call string, do func() error) error {
		if call == "store.Put" || call == "zone.Apply" {
			s.hook = nil
			other()
		}
		return do()
	}
}

// stillBound checks that a worker has its record and its name.
func (s *subject) stillBound(id, name string) error {
	r := s.record(id)
	return must(r != nil && r.Phase == store.Bound && s.value(name) == r.IP.String(),
		"%s was bound meanwhile, but now its name is %q and its record %+v", id, s.value(name), r)
}

// keptNameOfTheFasterStays: a worker gets the address while a sweep is about to
// replace its name.
func keptNameOfTheFasterStays(s *subject) error {
	s.keepNames()
	if _, err := s.sweep(); err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.options = append(s.options, func(o *binder.Options) { o.TTL = 5 * time.Minute })
	s.overtaken(func() {
		s.launch("i-1")
		s.do("i-1")
	})
	_, _ = s.sweep()
	return s.stillBound("i-1", "ip-203-0-113-0")
}

// leftoverOfTheFasterStays: a worker gets its name back while a sweep is about
// to remove what is left of it.
func leftoverOfTheFasterStays(s *subject) error {
	r, err := s.bound("i-1")
	if err != nil {
		return err
	}
	time.Sleep(time.Hour)
	s.fleet.SetState("i-1", binder.Terminated)
	s.do("i-1")
	time.Sleep(time.Hour)
	if err := s.zone.Set(unstored(r.RRSets[0])); err != nil { // a late call, say
		return err
	}
	s.overtaken(func() {
		s.launch("i-1")
		s.do("i-1")
	})
	_, _ = s.sweep()
	return s.stillBound("i-1", "i-1")
}

// lateKeptNameGoes: the publication of a name that is to stay lands after names
// are kept no more.
func lateKeptNameGoes(s *subject) error {
	s.backends.Policy = dnspolicy.PerAddress(dnspolicy.DashedIP())
	plain := s.options
	s.keepNames()
	s.loseApply(1, 4*time.Minute)
	_, _ = s.sweep()
	s.hook, s.options = nil, plain
	for range 15 {
		if _, err := s.sweep(); err != nil {
			return err
		}
		time.Sleep(time.Minute)
	}
	return must(len(s.names()) == 0, "names are left: %v", s.names())
}
