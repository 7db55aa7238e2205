// Package pooltest proves that an implementation of [eippool.Pool], and of the
// optional [eippool.Allocator], [eippool.ReverseNamer] and [eippool.Pacer] if it
// has them, keeps the contract:
//
//	func TestPool(t *testing.T) {
//		pooltest.Run(t, func(t *testing.T) pooltest.Fixture {
//			account := newAccount(t)
//			return pooltest.Fixture{
//				Pool:       mypool.New(account),
//				AddAddress: account.addAddress,
//				Leave:      account.removeTag,
//				AddTarget:  account.launch,
//			}
//		})
//	}
//
// A stand-in for the cloud may be wrong where the cloud is right. Cases that
// cannot pass because of that are excluded by name, with the reason
// (Options.Exclude).
//
// [Intercept] is for tests of what uses a pool: it puts faults and delays between
// the two.
//
// Names of cases are as stable as what is exported here: a case that goes, or gets
// another name, is a breaking change. Any release may bring new cases, for what
// the contract says already.
//
// Cases run one after the other, each on a Fixture of its own; some call the
// pool from several goroutines.
package pooltest

import (
	"errors"
	"slices"

	"github.com/eipbinder/eipbinder/eippool"
)

// Fixture is a pool in a new account, and what the suite must be able to do to
// that account besides. The functions are called from one goroutine at a time;
// what goes wrong in them is for them to report, by the t that open got.
type Fixture struct {
	// Pool is the pool under test. It has no addresses yet.
	Pool eippool.Pool
	// AddAddress puts another free address into the account, into the pool or
	// outside it. An address of the pool carries at least one tag: to see that
	// results share no memory with the pool, the suite writes into their tags.
	AddAddress func(inPool bool) (allocationID string)
	// Leave makes an address of the pool one that is outside it.
	Leave func(allocationID string)
	// AddTarget launches an instance, waits until it has the state ("pending",
	// "running" or "terminated"), and returns its primary interface.
	AddTarget func(state string) eippool.Target
	// AddTargetElsewhere does likewise for a running instance in another network
	// border group than the addresses'. Nil if that is not possible.
	AddTargetElsewhere func() eippool.Target
	// UseUp leaves nothing for Allocate to buy. Nil if that is not possible.
	UseUp func()
	// Forward publishes a forward record that points at the address, under
	// another name each time, and returns the name. Nil if the pool is no
	// eippool.ReverseNamer, or one that needs no forward record.
	Forward func(allocationID string) (name string)
	// UseUpTurns leaves no turn for Pace to give for a minute or more. Nil if the
	// pool is no eippool.Pacer, or one that never waits.
	UseUpTurns func()
}

func cases() []testCase {
	return slices.Concat(readCases(), associateCases(), raceCases(), disassociateCases(), batchCases(), callCases(), allocatorCases(), reverseCases(), paceCases())
}

// running returns n running targets.
func (f Fixture) running(n int) []eippool.Target {
	targets := make([]eippool.Target, n)
	for i := range targets {
		targets[i] = f.AddTarget("running")
	}
	return targets
}

// add puts n addresses into the pool.
func (f Fixture) add(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = f.AddAddress(true)
	}
	slices.Sort(ids)
	return ids
}

func (f Fixture) associate(t tb, allocationID string, target eippool.Target) (associationID string) {
	t.Helper()
	id, err := f.Pool.Associate(t.Context(), allocationID, target)
	if err != nil {
		t.Fatalf("Associate(%s, %v): %v", allocationID, target, err)
	}
	return id
}

func (f Fixture) disassociate(t tb, associationID string) {
	t.Helper()
	if err := f.Pool.Disassociate(t.Context(), associationID); err != nil {
		t.Fatalf("Disassociate(%s): %v", associationID, err)
	}
}

func (f Fixture) list(t tb) []eippool.Address {
	t.Helper()
	list, err := f.Pool.List(t.Context())
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	return list
}

func (f Fixture) lookup(t tb, ids ...string) []eippool.Address {
	t.Helper()
	list, err := f.Pool.Lookup(t.Context(), ids...)
	if err != nil {
		t.Fatalf("Lookup of %d IDs: %v", len(ids), err)
	}
	return list
}

// get looks one address up that must exist.
func (f Fixture) get(t tb, id string) eippool.Address {
	t.Helper()
	list := f.lookup(t, id)
	if len(list) != 1 || list[0].AllocationID != id {
		t.Fatalf("Lookup(%s) = %v, want this one address", id, list)
	}
	return list[0]
}

// refused checks that Associate fails in one of these ways and changes nothing.
func (f Fixture) refused(t tb, allocationID string, target eippool.Target, want ...error) {
	t.Helper()
	before := f.get(t, allocationID).AssociationID
	id, err := f.Pool.Associate(t.Context(), allocationID, target)
	if id != "" || !slices.ContainsFunc(want, func(want error) bool { return errors.Is(err, want) }) {
		t.Errorf("Associate(%s, %v) = %q, %v; want one of %v", allocationID, target, id, err, want)
	}
	if after := f.get(t, allocationID).AssociationID; after != before {
		t.Errorf("%s had the association %q before, %q afterwards", allocationID, before, after)
	}
}

// sortedIDs returns the addresses' IDs, as often as they occur.
func sortedIDs(list []eippool.Address) []string {
	ids := make([]string, len(list))
	for i, a := range list {
		ids[i] = a.AllocationID
	}
	slices.Sort(ids)
	return ids
}
