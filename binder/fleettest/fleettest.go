// Package fleettest proves that an implementation of [binder.Fleet] keeps the
// contract:
//
//	func TestFleet(t *testing.T) {
//		fleettest.Run(t, func(t *testing.T) fleettest.Fixture {
//			site := newSite(t)
//			return fleettest.Fixture{
//				Fleet:  myfleet.New(site),
//				Launch: site.launch,
//				States: []binder.State{binder.Running, binder.Terminated},
//			}
//		})
//	}
//
// A stand-in for the cloud may be wrong where the cloud is right. Cases that
// cannot pass because of that are excluded by name, with the reason
// (Options.Exclude).
//
// [Intercept] is for tests of what uses a fleet: it puts faults and delays between
// the two.
//
// Cases run one after the other, each on a Fixture of its own; some call the
// fleet from several goroutines.
package fleettest

import (
	"net/netip"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
)

// Fixture is a fleet in a new account, and what the suite must be able to do to
// that account besides. The functions are called from one goroutine at a time;
// what goes wrong in them is for them to report, by the t that open got.
type Fixture struct {
	// Fleet is the fleet under test. It has no instances yet.
	Fleet binder.Fleet
	// Launch adds an instance, eligible or not, without an Elastic IP address,
	// waits until it has the state, and returns its ID and what else is known of
	// it: of a running instance, the suite expects the fleet to tell what is not
	// zero here. An eligible instance carries at least one tag: to see that results
	// share no memory with the fleet, the suite writes into their tags. Where there
	// are several ways to be eligible or not, Launch may take them in turn.
	Launch func(state binder.State, eligible bool) binder.Instance
	// States are those that Launch can bring about, among them binder.Running.
	// Nil: all six.
	States []binder.State
	// Associate gives the instance's primary interface an Elastic IP address. Nil
	// if that is not possible.
	Associate func(instanceID string) netip.Addr
	// LaunchPublic adds a running, eligible instance whose primary interface has
	// an auto-assigned public address. Nil if that is not possible.
	LaunchPublic func() (instanceID string)
}

const (
	// many is a number of instances that no usual page or batch size reaches.
	many = 250
	// few is a number of instances for which two pages are needed if they are small.
	few = 12
)

func cases() []testCase {
	return slices.Concat(describeCases(), listCases(), instanceCases(), callCases())
}

// launch adds n running, eligible instances.
func (f Fixture) launch(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = f.Launch(binder.Running, true).ID
	}
	slices.Sort(ids)
	return ids
}

func (f Fixture) states() []binder.State {
	if f.States != nil {
		return f.States
	}
	return []binder.State{binder.Pending, binder.Running, binder.ShuttingDown, binder.Terminated, binder.Stopping, binder.Stopped}
}

func (f Fixture) describe(t tb, ids ...string) []binder.Instance {
	t.Helper()
	found, err := f.Fleet.Describe(t.Context(), ids...)
	if err != nil {
		t.Fatalf("Describe of %d IDs: %v", len(ids), err)
	}
	return found
}

// get describes one instance that must be known.
func (f Fixture) get(t tb, id string) binder.Instance {
	t.Helper()
	found := f.describe(t, id)
	if len(found) != 1 || found[0].ID != id {
		t.Fatalf("Describe(%s) = %+v, want this one instance", id, found)
	}
	return found[0]
}

func (f Fixture) list(t tb) []binder.Instance {
	t.Helper()
	var found []binder.Instance
	for i, err := range f.Fleet.List(t.Context()) {
		if err != nil {
			t.Fatalf("List, after %d instances: %v", len(found), err)
		}
		found = append(found, i)
	}
	return found
}

// shown returns what each method says of the instance, which must be eligible.
func (f Fixture) shown(t tb, id string) map[string]binder.Instance {
	t.Helper()
	all := f.list(t)
	at := slices.IndexFunc(all, func(i binder.Instance) bool { return i.ID == id })
	if at < 0 {
		t.Fatalf("List = %+v, want %s among them", all, id)
	}
	return map[string]binder.Instance{"Describe": f.get(t, id), "List": all[at]}
}

// sortedIDs returns the instances' IDs, as often as they occur.
func sortedIDs(all []binder.Instance) []string {
	ids := make([]string, len(all))
	for n, i := range all {
		ids[n] = i.ID
	}
	slices.Sort(ids)
	return ids
}
