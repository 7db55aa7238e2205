package binder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func absenceMutations() []mutation {
	const twice, fence = "absence is confirmed twice", "EC2 cannot fence"
	first, once := "believes an absence at first sight", "believes one absence long ago and one now"
	return []mutation{
		{twice, first + ": instance", decides(first), absentInstanceStays, 2},
		{twice, first + ": address", decides(first), absentAddressStays, 2},
		{twice, first + ": association", decides(first), absentAssociationStays, 2},
		{twice, once, decides(once), absentInstanceStays, 2},
		{fence + ": a takeover continues with the same address", "takes the address of a dead worker's reservation away",
			decides("takes the address of a dead worker's reservation away"), takeoverContinues, 2},
		{fence + ": no other address for that interface until late calls are over", "does not wait for late calls",
			decides("does not wait for late calls"), interfaceWaits, 2},
		{"no name is left behind: lost DNS calls are waited for", "forgets lost DNS calls", decides("forgets lost DNS calls"), lateNameGoes, 1},
		{"work is done under a lease", "disregards leases", decides("disregards leases"), leaseHolds, 2},
	}
}

func planMutations() []mutation {
	var all []mutation
	for _, m := range []struct {
		guard, mutant string
		scenario      guarded
	}{
		{"a live server's address is not taken away by repair", "releases what was moved by hand", movedIsReported},
		{"draining never leads to a release", "releases what is drained", drainedStays},
		{"a stopped worker keeps its address for the grace", "releases what is stopped at once", stoppedStays},
		{"a name conflict keeps the address", "gives the address up with the name", nameConflictKeepsTheAddress},
		{"not ours, not touched", "disregards whose record it is", foreignRecordStays},
		{"not ours, not touched", "disregards what the interface holds", occupiedIsLeftAlone},
		{"the pause stops every action", "disregards the pause", pauseStops},
		{"a serving worker is unbound by force only", "disregards that the worker serves", unforcedUnbindFails},
		{"nothing in DNS is overwritten", "disregards who has the name", usurpedIsReported},
	} {
		all = append(all, mutation{m.guard, m.mutant, decides(m.mutant), m.scenario, 2})
	}
	return append(all, startMutations()...)
}

// absentInstanceStays: EC2 does not show the instance, twice in one minute.
func absentInstanceStays(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	s.fleet.Forget("i-1")
	s.do("i-1")
	time.Sleep(time.Minute)
	s.do("i-1")
	r := s.record("i-1")
	return must(r != nil && r.Visible() && r.AllocationID == before.AllocationID, "released at once: %+v", r)
}

func absentAddressStays(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	lost := s.addresses()[0]
	for _, a := range s.addresses() {
		if a.AllocationID == before.AllocationID {
			lost = a
		}
	}
	s.pool.Remove(lost.AllocationID)
	s.do("i-1")
	s.pool.Add(lost) // EC2 shows it again
	o := s.do("i-1")
	return must(o.Status == binder.AlreadyBound && s.record("i-1").AllocationID == before.AllocationID, "released at once: %+v", o)
}

func absentAssociationStays(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	time.Sleep(time.Hour)
	if err := s.pool.Disassociate(context.Background(), before.AssociationID); err != nil {
		return err
	}
	s.took()
	s.do("i-1")
	if slices.Contains(s.took(), "pool.Associate") {
		return errors.New("associated again at first sight")
	}
	return nil
}

// deadAt has a process die with the reply of that call.
func (s *subject) deadAt(name string) {
	dead := false
	s.hook = func(call string, do func() error) error {
		if dead {
			return errCrash
		}
		err := do()
		if dead = call == name; dead {
			return errCrash
		}
		return err
	}
	s.do("i-1")
	s.hook = nil
}

func takeoverContinues(s *subject) error {
	s.launch("i-1")
	s.deadAt("pool.Associate")
	first := s.record("i-1")
	time.Sleep(2 * time.Minute)
	o := s.do("i-1")
	return must(o.Status == binder.Bound && o.AllocationID == first.AllocationID, "reserved was %s, now it is %+v", first.AllocationID, o)
}

// interfaceWaits: the call that associated the first address is repeated by a
// network that is late.
func interfaceWaits(s *subject) error {
	first, err := s.bound("i-1")
	if err != nil {
		return err
	}
	_, _ = s.fresh().Unbind(context.Background(), "i-1", func(o *binder.UnbindOptions) { o.Force = true })
	if r := s.record("i-1"); r == nil || r.Phase != store.Releasing {
		return fmt.Errorf("the record is %+v", r)
	}
	target := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: first.NetworkInterfaceID}
	if _, err := s.pool.Associate(context.Background(), first.AllocationID, target); err != nil {
		return err
	}
	time.Sleep(10 * time.Minute)
	s.do("i-1")
	return s.checkInvariants()
}

// lateNameGoes: a publication lands after its binding was taken back.
func lateNameGoes(s *subject) error {
	s.launch("i-1")
	s.loseApply(1, 4*time.Minute)
	s.do("i-1")
	s.hook = nil
	s.fleet.SetState("i-1", binder.Terminated)
	s.launch("i-2")
	for range 30 {
		s.do("i-1")
		s.do("i-2")
		if r := s.record("i-2"); r != nil && s.value("i-1") != "" {
			return fmt.Errorf("i-2 gets %s, which i-1 points at", r.IP)
		}
		time.Sleep(30 * time.Second)
	}
	return must(s.record("i-2") != nil, "i-2 never got the address")
}

func leaseHolds(s *subject) error {
	s.launch("i-1")
	s.deadAt("pool.Associate")
	before := s.record("i-1")
	o := s.do("i-1")
	r := s.record("i-1")
	return must(o.Status == binder.Busy && r.Version == before.Version, "another worker's lease is live, but: %s, %+v", o.Status, r)
}

func movedIsReported(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	s.pool.Add(eippool.Address{AllocationID: before.AllocationID, IP: before.IP, NetworkInterfaceID: "eni-stranger"})
	_, err = s.sweep()
	r := s.record("i-1")
	return must(errors.Is(err, binder.ErrDrift) && r != nil && r.Version == before.Version, "not only reported: %v, %+v", err, r)
}

func drainedStays(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	if _, err := s.fresh().Drain(context.Background(), "i-1"); err != nil {
		return err
	}
	time.Sleep(24 * time.Hour)
	_, err = s.sweep()
	r := s.record("i-1")
	return must(err == nil && r != nil && r.Draining && r.AssociationID == before.AssociationID, "released: %v, %+v", err, r)
}

func stoppedStays(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	s.fleet.SetState("i-1", binder.Stopped)
	s.do("i-1")
	time.Sleep(time.Minute)
	s.do("i-1")
	s.fleet.SetState("i-1", binder.Running)
	o := s.do("i-1")
	return must(o.Status == binder.AlreadyBound && s.record("i-1").AssociationID == before.AssociationID, "it was released: %+v", o)
}

func nameConflictKeepsTheAddress(s *subject) error {
	s.publish("i-1", "192.0.2.1")
	s.launch("i-1")
	s.do("i-1")
	first := s.record("i-1")
	time.Sleep(10 * time.Minute)
	o := s.do("i-1")
	r := s.record("i-1")
	return must(errors.Is(o.Err, binder.ErrNameTaken) && r != nil && r.AssociationID == first.AssociationID, "the address was given up: %+v", r)
}

func foreignRecordStays(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	s.fleet.SetState("i-1", binder.Terminated)
	s.options = append(s.options, func(o *binder.Options) { o.BinderID = "another" })
	s.do("i-1")
	_, _ = s.sweep()
	r := s.record("i-1")
	return must(r != nil && r.Version == before.Version, "another deployment's record was touched: %+v", r)
}

func occupiedIsLeftAlone(s *subject) error {
	i := s.fleet.Launch(binder.Instance{ID: "i-1", State: binder.Running, Tags: map[string]string{"role": "media"}})
	s.pool.Add(eippool.Address{AllocationID: "eipalloc-foreign", NetworkInterfaceID: i.NetworkInterfaceID})
	s.took()
	s.do("i-1")
	for _, c := range s.took() {
		if strings.HasPrefix(c, "pool.Associate") || strings.HasPrefix(c, "store.Put") {
			return fmt.Errorf("the call %s was made", c)
		}
	}
	return nil
}

func unforcedUnbindFails(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	_, err = s.fresh().Unbind(context.Background(), "i-1")
	r := s.record("i-1")
	return must(errors.Is(err, binder.ErrServing) && r.Version == before.Version, "unbound: %v, %+v", err, r)
}

func usurpedIsReported(s *subject) error {
	before, err := s.bound("i-1")
	if err != nil {
		return err
	}
	s.publish("i-1", "192.0.2.1")
	_, err = s.sweep()
	r := s.record("i-1")
	return must(errors.Is(err, binder.ErrDrift) && r.Version == before.Version, "not only reported: %v, %+v", err, r)
}
