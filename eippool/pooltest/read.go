package pooltest

import (
	"net/netip"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
)

// pages is a number of addresses that no usual page or batch size reaches.
const pages = 250

func readCases() []testCase {
	return []testCase{
		{Name: "list-empty", Contract: "An empty pool gives an empty list and no error.", Run: listEmpty},
		{Name: "list-free-and-held", Contract: "List returns all addresses of the pool, free or held.", Run: listFreeAndHeld},
		{Name: "list-only-the-pool", Contract: "A pool is a set of addresses, told apart from the account's other addresses.", Run: listOnlyPool},
		{Name: "list-many", Contract: "A list that is not whole is an error.", Run: listMany},
		{Name: "lookup-nothing", Contract: "Lookup: without IDs the result is empty.", Run: lookupNothing},
		{Name: "lookup-absent", Contract: "Lookup: IDs that do not exist are left out.", Run: lookupAbsent},
		{Name: "lookup-each-once", Contract: "Lookup returns the addresses of these IDs, each once.", Run: lookupTwice},
		{Name: "lookup-outside-the-pool", Contract: "Lookup returns the addresses of these IDs, whether or not they still belong to the pool.", Run: lookupOutside},
		{Name: "lookup-many", Contract: "Only an address that is certainly absent is left out.", Run: lookupMany},
		{Name: "lookup-held", Contract: "NetworkInterfaceID is the interface that holds the address. InstanceID is the instance that holds the address; it may be empty.", Run: lookupHeld},
	}
}

func listEmpty(t tb, f Fixture) {
	if list := f.list(t); len(list) != 0 {
		t.Errorf("List of an empty pool = %v", list)
	}
}

func listFreeAndHeld(t tb, f Fixture) {
	ids := f.add(2)
	f.associate(t, ids[0], f.AddTarget("running"))
	list := f.list(t)
	if !slices.Equal(sortedIDs(list), ids) {
		t.Fatalf("List = %v, want %v", list, ids)
	}
	ips := map[netip.Addr]bool{}
	for _, a := range list {
		ips[a.IP] = true
		if held := a.AllocationID == ids[0]; a.Associated() != held {
			t.Errorf("%v is associated: %t, want %t", a, a.Associated(), held)
		}
		if !a.IP.Is4() {
			t.Errorf("%v has no IPv4 address", a)
		}
	}
	if len(ips) != 2 {
		t.Errorf("List = %v: both have the same IP", list)
	}
}

func listOnlyPool(t tb, f Fixture) {
	ids := f.add(2)
	f.AddAddress(false)
	f.Leave(ids[1])
	if list := f.list(t); !slices.Equal(sortedIDs(list), ids[:1]) {
		t.Errorf("List = %v, want only %s: the others never were, or are no more, of the pool", list, ids[0])
	}
}

func listMany(t tb, f Fixture) {
	ids := f.add(pages)
	if got := sortedIDs(f.list(t)); !slices.Equal(got, ids) {
		t.Errorf("List gives %d addresses, want the %d of the pool, each once", len(got), len(ids))
	}
}

func lookupNothing(t tb, f Fixture) {
	f.add(1)
	if list := f.lookup(t); len(list) != 0 {
		t.Errorf("Lookup() = %v, want nothing", list)
	}
}

// absentID has the shape of an allocation ID, so that only its absence can be
// the matter with it.
const absentID = "eipalloc-0123456789abcdef0"

func lookupAbsent(t tb, f Fixture) {
	ids := f.add(1)
	if list := f.lookup(t, absentID, ids[0]); !slices.Equal(sortedIDs(list), ids) {
		t.Errorf("Lookup(%s, %s) = %v, want the latter", absentID, ids[0], list)
	}
	if list := f.lookup(t, absentID); len(list) != 0 {
		t.Errorf("Lookup(%s) = %v, want nothing", absentID, list)
	}
}

func lookupTwice(t tb, f Fixture) {
	id := f.add(1)[0]
	if list := f.lookup(t, id, id); len(list) != 1 {
		t.Errorf("Lookup(%s, %[1]s) = %v, want one address", id, list)
	}
}

func lookupOutside(t tb, f Fixture) {
	left := f.add(1)[0]
	f.Leave(left)
	for _, id := range []string{left, f.AddAddress(false)} {
		if list := f.lookup(t, id); !slices.Equal(sortedIDs(list), []string{id}) {
			t.Errorf("Lookup(%s) = %v, want the address", id, list)
		}
	}
}

func lookupMany(t tb, f Fixture) {
	ids := f.add(pages)
	if got := sortedIDs(f.lookup(t, ids...)); !slices.Equal(got, ids) {
		t.Errorf("Lookup gives %d addresses, want the %d that were asked for, each once", len(got), len(ids))
	}
}

func lookupHeld(t tb, f Fixture) {
	id, target := f.add(1)[0], f.AddTarget("running")
	f.associate(t, id, target)
	for _, a := range slices.Concat(f.lookup(t, id), f.list(t)) {
		checkHolder(t, a, target)
	}
}

func checkHolder(t tb, a eippool.Address, target eippool.Target) {
	t.Helper()
	if !a.HeldBy(target) {
		t.Errorf("%+v is not shown as held by %s", a, target.NetworkInterfaceID)
	}
	if a.InstanceID != "" && a.InstanceID != target.InstanceID {
		t.Errorf("%+v is shown as held by another instance than %s", a, target.InstanceID)
	}
}
