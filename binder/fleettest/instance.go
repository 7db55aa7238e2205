package fleettest

import (
	"maps"
	"net/netip"

	"github.com/eipbinder/eipbinder/binder"
)

func instanceCases() []testCase {
	return []testCase{
		{Name: "instance", Contract: "An instance's fields are what is known of it, its interface the primary one, and its private address that interface's.", Run: instance},
		{Name: "instance-state", Contract: "State is an instance's state, in EC2's words.", Run: instanceState},
		{Name: "elastic-ip", Contract: "ElasticIP is an Elastic IP address that the primary interface holds, whoever associated it; the zero Addr if none is seen.", Run: elasticIP},
		{Name: "auto-assigned-ip", Contract: "ElasticIP: an auto-assigned public address does not count.", Run: autoAssignedIP},
	}
}

func instance(t tb, f Fixture) {
	for _, want := range []binder.Instance{f.Launch(binder.Running, true), f.Launch(binder.Running, true)} {
		for call, got := range f.shown(t, want.ID) {
			for field, same := range map[string]bool{
				"NetworkInterfaceID": known(want.NetworkInterfaceID, got.NetworkInterfaceID),
				"PrivateIP":          known(want.PrivateIP, got.PrivateIP),
				"NetworkBorderGroup": known(want.NetworkBorderGroup, got.NetworkBorderGroup),
				"AvailabilityZone":   known(want.AvailabilityZone, got.AvailabilityZone),
				"Type":               known(want.Type, got.Type),
				"LaunchedAt":         want.LaunchedAt.IsZero() || want.LaunchedAt.Equal(got.LaunchedAt),
				"Tags":               len(want.Tags) == 0 || maps.Equal(want.Tags, got.Tags),
			} {
				if !same {
					t.Errorf("%s gives %+v, want the %s of %+v", call, got, field, want)
				}
			}
		}
	}
}

// known reports whether the fleet tells what is known, if that is anything.
func known[T comparable](want, got T) bool {
	var nothing T
	return want == nothing || got == want
}

func instanceState(t tb, f Fixture) {
	for _, state := range f.states() {
		if i := f.get(t, f.Launch(state, true).ID); i.State != state {
			t.Errorf("Describe gives %+v, want it %s", i, state)
		}
	}
}

func elasticIP(t tb, f Fixture) {
	if f.Associate == nil {
		t.Skipf("the fixture has no Associate")
	}
	ids := f.launch(2)
	checkElasticIP(t, f, ids[0], netip.Addr{})
	ip := f.Associate(ids[0])
	checkElasticIP(t, f, ids[0], ip)
	checkElasticIP(t, f, ids[1], netip.Addr{})
}

func autoAssignedIP(t tb, f Fixture) {
	if f.LaunchPublic == nil {
		t.Skipf("the fixture has no LaunchPublic")
	}
	checkElasticIP(t, f, f.LaunchPublic(), netip.Addr{})
}

func checkElasticIP(t tb, f Fixture, id string, want netip.Addr) {
	t.Helper()
	for call, i := range f.shown(t, id) {
		if i.ElasticIP != want {
			t.Errorf("%s shows %s with the Elastic IP %v, want %v", call, id, i.ElasticIP, want)
		}
	}
}
