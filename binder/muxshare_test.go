package binder_test

import (
	"net/netip"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/fleettest"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
)

// What a Mux gives each Binder as its fleet is a Fleet.
func TestShareContract(t *testing.T) {
	fleettest.Run(t, func(t *testing.T) fleettest.Fixture {
		pool := mempool.New()
		fleet := memfleet.New(func(o *memfleet.Options) { o.Tags, o.Network = map[string]string{"site": "here"}, pool })
		// Not the profile's own: no instance of the fleet's, an earlier profile's, or nobody's.
		others := []map[string]string{{"role": "media"}, {"site": "here", "role": "media", "first": "yes"}, {"site": "here"}}
		ineligible := 0
		launch := func(state binder.State, eligible bool) binder.Instance {
			tags := map[string]string{"site": "here", "role": "media"}
			if !eligible {
				tags = others[ineligible%len(others)]
				ineligible++
			}
			return fleet.Launch(binder.Instance{State: state, Tags: tags})
		}
		return fleettest.Fixture{
			Fleet:  binder.NewShare(fleet, binder.Tags{"first": "yes"}, binder.Tags{"role": "media"}),
			Launch: launch,
			Associate: func(id string) netip.Addr {
				found, err := fleet.Describe(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				address := pool.Add(eippool.Address{})
				target := eippool.Target{InstanceID: id, NetworkInterfaceID: found[0].NetworkInterfaceID}
				if _, err := pool.Associate(t.Context(), address.AllocationID, target); err != nil {
					t.Fatal(err)
				}
				return address.IP
			},
		}
	})
}
