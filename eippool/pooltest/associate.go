package pooltest

import (
	"errors"

	"github.com/eipbinder/eipbinder/eippool"
)

func associateCases() []testCase {
	return []testCase{
		{Name: "associate", Contract: "Associate makes the target's interface hold the address, and returns the ID of the association.", Run: associate},
		{Name: "associate-again", Contract: "If the target holds this very address, Associate returns the ID of that association, or ErrInUse.", Run: associateAgain},
		{Name: "associate-taken", Contract: "If another target holds it: ErrInUse. It never takes an address from another target.", Run: associateTaken},
		{Name: "associate-occupied", Contract: "If the target holds any other address: ErrOccupied. It never displaces an address that the target holds.", Run: associateOccupied},
		{Name: "associate-occupied-by-foreign", Contract: "If the target holds any other address, of the pool or not: ErrOccupied.", Run: associateForeign},
		{Name: "associate-absent", Contract: "No such address: ErrNotFound.", Run: associateAbsent},
		{Name: "associate-unknown-target", Contract: "The interface is not (yet) known: ErrTargetNotReady.", Run: associateUnknown},
		{Name: "associate-pending-target", Contract: "The target's instance is not ready: ErrTargetNotReady.", Run: associatePending},
		{Name: "associate-terminated-target", Contract: "The instance is terminated or about to be: ErrTargetGone, or ErrTargetNotReady where the implementation cannot tell.", Run: associateTerminated},
		{Name: "associate-no-interface", Contract: "NetworkInterfaceID names the interface. Required. ErrInvalid: the request cannot be carried out as it is.", Run: associateNowhere},
		{Name: "associate-across-groups", Contract: "Address and target do not fit together: ErrInvalid.", Run: associateElsewhere},
	}
}

func associate(t tb, f Fixture) {
	id, target := f.add(1)[0], f.AddTarget("running")
	before := f.get(t, id)
	associationID := f.associate(t, id, target)
	after := f.get(t, id)
	if associationID == "" || after.AssociationID != associationID {
		t.Errorf("Associate returned the ID %q, Lookup shows %q", associationID, after.AssociationID)
	}
	if after.IP != before.IP || len(after.Tags) != len(before.Tags) {
		t.Errorf("Associate made %+v of %+v", after, before)
	}
}

func associateAgain(t tb, f Fixture) {
	id, target := f.add(1)[0], f.AddTarget("running")
	f.associate(t, id, target)
	before := f.get(t, id).AssociationID
	again, err := f.Pool.Associate(t.Context(), id, target)
	switch {
	case err == nil && again == before:
	case again == "" && errors.Is(err, eippool.ErrInUse):
	default:
		t.Errorf("Associate of what is associated = %q, %v; want %q or %v", again, err, before, eippool.ErrInUse)
	}
	if after := f.get(t, id).AssociationID; after != before {
		t.Errorf("the association was %q, is %q after another Associate", before, after)
	}
}

func associateTaken(t tb, f Fixture) {
	id, targets := f.add(1)[0], f.running(2)
	f.associate(t, id, targets[0])
	f.refused(t, id, targets[1], eippool.ErrInUse)
}

func associateOccupied(t tb, f Fixture) {
	ids, target := f.add(2), f.AddTarget("running")
	f.associate(t, ids[0], target)
	before := f.get(t, ids[0]).AssociationID
	f.refused(t, ids[1], target, eippool.ErrOccupied)
	if after := f.get(t, ids[0]).AssociationID; after != before {
		t.Errorf("the target's association was %q, is %q after an attempt to give it another address", before, after)
	}
}

func associateForeign(t tb, f Fixture) {
	id, foreign, target := f.add(1)[0], f.AddAddress(false), f.AddTarget("running")
	f.associate(t, foreign, target)
	f.refused(t, id, target, eippool.ErrOccupied)
}

func associateAbsent(t tb, f Fixture) {
	target := f.AddTarget("running")
	id, err := f.Pool.Associate(t.Context(), absentID, target)
	if id != "" || !errors.Is(err, eippool.ErrNotFound) {
		t.Errorf("Associate(%s) = %q, %v; want %v", absentID, id, err, eippool.ErrNotFound)
	}
}

func associateUnknown(t tb, f Fixture) {
	target := eippool.Target{InstanceID: "i-0123456789abcdef0", NetworkInterfaceID: "eni-0123456789abcdef0"}
	f.refused(t, f.add(1)[0], target, eippool.ErrTargetNotReady)
}

func associatePending(t tb, f Fixture) {
	f.refused(t, f.add(1)[0], f.AddTarget("pending"), eippool.ErrTargetNotReady)
}

func associateTerminated(t tb, f Fixture) {
	f.refused(t, f.add(1)[0], f.AddTarget("terminated"), eippool.ErrTargetGone, eippool.ErrTargetNotReady)
}

func associateNowhere(t tb, f Fixture) {
	target := f.AddTarget("running")
	target.NetworkInterfaceID = ""
	f.refused(t, f.add(1)[0], target, eippool.ErrInvalid)
}

func associateElsewhere(t tb, f Fixture) {
	if f.AddTargetElsewhere == nil {
		t.Skipf("the fixture has no AddTargetElsewhere")
	}
	f.refused(t, f.add(1)[0], f.AddTargetElsewhere(), eippool.ErrInvalid)
}
