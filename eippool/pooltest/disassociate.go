package pooltest

import (
	"errors"

	"github.com/eipbinder/eipbinder/eippool"
)

func disassociateCases() []testCase {
	return []testCase{
		{Name: "disassociate", Contract: "Disassociate ends this one association.", Run: disassociate},
		{Name: "disassociate-again", Contract: "An association that does not exist any more is success.", Run: disassociateAgain},
		{Name: "disassociate-old", Contract: "A newer association of the same address has another ID and is not touched.", Run: disassociateOld},
		{Name: "disassociate-empty-id", Contract: "An empty ID is ErrInvalid.", Run: disassociateNothing},
	}
}

func disassociate(t tb, f Fixture) {
	ids, targets := f.add(2), f.running(2)
	first := f.associate(t, ids[0], targets[0])
	f.associate(t, ids[1], targets[1])
	f.disassociate(t, first)
	if a := f.get(t, ids[0]); a.AssociationID != "" || a.NetworkInterfaceID != "" || a.InstanceID != "" {
		t.Errorf("%+v is shown as held after Disassociate", a)
	}
	if a := f.get(t, ids[1]); !a.Associated() {
		t.Errorf("%+v, another address, lost its association, too", a)
	}
	f.associate(t, f.AddAddress(true), targets[0])
}

// absentAssociationID has the shape of an association ID.
const absentAssociationID = "eipassoc-0123456789abcdef0"

func disassociateAgain(t tb, f Fixture) {
	associationID := f.associate(t, f.add(1)[0], f.AddTarget("running"))
	f.disassociate(t, associationID)
	f.disassociate(t, associationID)
	f.disassociate(t, absentAssociationID)
}

func disassociateOld(t tb, f Fixture) {
	id, targets := f.add(1)[0], f.running(2)
	old := f.associate(t, id, targets[0])
	f.disassociate(t, old)
	f.associate(t, id, targets[1])
	before := f.get(t, id).AssociationID
	f.disassociate(t, old)
	if after := f.get(t, id).AssociationID; after != before {
		t.Errorf("the newer association %q is %q after Disassociate of the older", before, after)
	}
}

func disassociateNothing(t tb, f Fixture) {
	id := f.add(1)[0]
	f.associate(t, id, f.AddTarget("running"))
	if err := f.Pool.Disassociate(t.Context(), ""); !errors.Is(err, eippool.ErrInvalid) {
		t.Errorf("Disassociate of an empty ID: %v; want %v", err, eippool.ErrInvalid)
	}
	if a := f.get(t, id); !a.Associated() {
		t.Errorf("%+v lost its association by a Disassociate of an empty ID", a)
	}
}
