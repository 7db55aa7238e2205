package memfleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/fleettest"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
)

var media = map[string]string{"role": "media"}

func TestContract(t *testing.T) {
	fleettest.Run(t, func(t *testing.T) fleettest.Fixture {
		pool := mempool.New()
		fleet := memfleet.New(func(o *memfleet.Options) { o.Tags, o.Network = media, pool })
		return fleettest.Fixture{
			Fleet: fleet,
			Launch: func(state binder.State, eligible bool) binder.Instance {
				worker := binder.Instance{State: state, NetworkBorderGroup: "eu-central-1", AvailabilityZone: "eu-central-1a", Type: "c7gn.large"}
				if eligible {
					worker.Tags = media
				}
				return fleet.Launch(worker)
			},
			Associate: func(id string) netip.Addr {
				address := pool.Add(eippool.Address{})
				target := eippool.Target{InstanceID: id, NetworkInterfaceID: describe(t, fleet, id)[0].NetworkInterfaceID}
				if _, err := pool.Associate(t.Context(), address.AllocationID, target); err != nil {
					t.Fatal(err)
				}
				return address.IP
			},
		}
	})
}

func describe(t *testing.T, fleet *memfleet.Fleet, ids ...string) []binder.Instance {
	t.Helper()
	list, err := fleet.Describe(t.Context(), ids...)
	if err != nil {
		t.Fatalf("Describe(%v): %v", ids, err)
	}
	return list
}

func ids(list []binder.Instance) []string {
	var ids []string
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}

func listed(t *testing.T, fleet *memfleet.Fleet) []string {
	t.Helper()
	var list []binder.Instance
	for i, err := range fleet.List(t.Context()) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		list = append(list, i)
	}
	return ids(list)
}

func TestLaunchFillsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := memfleet.New()
		first, second := fleet.Launch(binder.Instance{}), fleet.Launch(binder.Instance{})
		if !regexp.MustCompile(`^i-[0-9a-f]{17}$`).MatchString(first.ID) || !regexp.MustCompile(`^eni-[0-9a-f]{17}$`).MatchString(first.NetworkInterfaceID) {
			t.Errorf("Launch chose the IDs %q and %q", first.ID, first.NetworkInterfaceID)
		}
		if first.State != binder.Pending || !first.Eligible || !first.LaunchedAt.Equal(time.Now()) || first.ElasticIP.IsValid() {
			t.Errorf("Launch = %+v", first)
		}
		if !first.PrivateIP.Is4() || first.PrivateIP == second.PrivateIP || first.ID == second.ID || first.NetworkInterfaceID == second.NetworkInterfaceID {
			t.Errorf("Launch made %+v and %+v", first, second)
		}
	})
}

func TestLaunchKeepsWhatIsGiven(t *testing.T) {
	given := binder.Instance{
		ID: "i-1", State: binder.Running, Eligible: true, NetworkInterfaceID: "eni-1", PrivateIP: netip.MustParseAddr("10.1.2.3"),
		NetworkBorderGroup: "eu-central-1", AvailabilityZone: "eu-central-1b", Type: "c7gn.large",
		LaunchedAt: time.Unix(1, 0), Tags: map[string]string{"role": "media"},
	}
	fleet := memfleet.New()
	launched := fleet.Launch(given)
	for _, got := range append(describe(t, fleet, "i-1"), launched) {
		if diff := cmp.Diff(given, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("(-given +got):\n%s", diff)
		}
	}
}

func TestDescribe(t *testing.T) {
	fleet := memfleet.New(func(o *memfleet.Options) { o.Tags = media })
	fleet.Launch(binder.Instance{ID: "i-1"})
	fleet.Launch(binder.Instance{ID: "i-2", Tags: media})
	if got := ids(describe(t, fleet, "i-2", "i-1", "i-3", "i-2", "malformed", "")); !slices.Equal(got, []string{"i-1", "i-2"}) {
		t.Errorf("Describe = %v, want i-1 and i-2", got)
	}
	if got := describe(t, fleet); len(got) != 0 {
		t.Errorf("Describe without IDs = %v", got)
	}
}

func TestEligibility(t *testing.T) {
	fleet := memfleet.New(func(o *memfleet.Options) { o.Tags = media })
	fleet.Launch(binder.Instance{ID: "i-1", Tags: map[string]string{"role": "media", "more": "tags"}})
	fleet.Launch(binder.Instance{ID: "i-2", Tags: map[string]string{"role": "web"}, Eligible: true})
	fleet.Launch(binder.Instance{ID: "i-3", State: binder.Terminated, Tags: media})
	if got := listed(t, fleet); !slices.Equal(got, []string{"i-1", "i-3"}) {
		t.Errorf("List = %v, want i-1 and i-3", got)
	}
	fleet.SetTags("i-1", nil)
	fleet.SetTags("i-2", media)
	fleet.SetTags("i-unknown", media)
	if got := listed(t, fleet); !slices.Equal(got, []string{"i-2", "i-3"}) {
		t.Errorf("List = %v after the tags changed, want i-2 and i-3", got)
	}
	if list := describe(t, fleet, "i-1", "i-2"); list[0].Eligible || !list[1].Eligible {
		t.Errorf("Describe = %+v, want only i-2 eligible", list)
	}
}

func TestNetworkFollowsTheLife(t *testing.T) {
	pool := mempool.New()
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	worker := fleet.Launch(binder.Instance{ID: "i-1"})
	target := eippool.Target{InstanceID: worker.ID, NetworkInterfaceID: worker.NetworkInterfaceID}
	address := pool.Add(eippool.Address{})
	associate := func() error {
		_, err := pool.Associate(t.Context(), address.AllocationID, target)
		return err
	}
	if err := associate(); !errors.Is(err, eippool.ErrTargetNotReady) {
		t.Errorf("Associate to a pending instance: %v, want %v", err, eippool.ErrTargetNotReady)
	}
	fleet.SetState(worker.ID, binder.Running)
	if err := associate(); err != nil {
		t.Fatalf("Associate to a running instance: %v", err)
	}
	for _, state := range []binder.State{binder.Running, binder.Stopping, binder.Stopped, binder.ShuttingDown} {
		fleet.SetState(worker.ID, state)
		if got := describe(t, fleet, worker.ID)[0]; got.State != state || got.ElasticIP != address.IP {
			t.Errorf("Describe = %+v, want it %s with %s", got, state, address.IP)
		}
	}
	fleet.SetState(worker.ID, binder.Terminated)
	got := describe(t, fleet, worker.ID)[0]
	if got.State != binder.Terminated || got.NetworkInterfaceID != "" || got.PrivateIP.IsValid() || got.ElasticIP.IsValid() {
		t.Errorf("Describe = %+v of a terminated instance, want no interface", got)
	}
	if _, ok := pool.HeldBy(target.NetworkInterfaceID); ok {
		t.Error("the address is still held after termination")
	}
	if err := associate(); !errors.Is(err, eippool.ErrTargetGone) {
		t.Errorf("Associate to a terminated instance: %v, want %v", err, eippool.ErrTargetGone)
	}
	fleet.Forget(worker.ID)
	fleet.Forget(worker.ID)
	if err := associate(); !errors.Is(err, eippool.ErrTargetNotReady) {
		t.Errorf("Associate to a forgotten instance: %v, want %v", err, eippool.ErrTargetNotReady)
	}
	if list := describe(t, fleet, worker.ID); len(list) != 0 {
		t.Errorf("Describe = %v of a forgotten instance", list)
	}
}

func TestNoMemoryIsShared(t *testing.T) {
	given, selection := map[string]string{"role": "media"}, map[string]string{"role": "media"}
	fleet := memfleet.New(func(o *memfleet.Options) { o.Tags = selection })
	launched := fleet.Launch(binder.Instance{ID: "i-1", Tags: given})
	described := describe(t, fleet, "i-1")[0]
	for i, err := range fleet.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		i.Tags["role"] = "changed"
	}
	given["role"], selection["role"], launched.Tags["role"], described.Tags["role"] = "changed", "changed", "changed", "changed"
	if got := describe(t, fleet, "i-1")[0]; got.Tags["role"] != "media" || !got.Eligible {
		t.Errorf("Describe = %+v after others wrote into their memory", got)
	}
	given["role"] = "media"
	fleet.SetTags("i-1", given)
	given["role"] = "changed"
	if got := describe(t, fleet, "i-1")[0]; got.Tags["role"] != "media" {
		t.Errorf("Describe = %+v after the caller of SetTags wrote into its map", got)
	}
}

func TestCancelled(t *testing.T) {
	fleet := memfleet.New()
	fleet.Launch(binder.Instance{ID: "i-1"})
	fleet.Launch(binder.Instance{ID: "i-2"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for i, err := range fleet.List(ctx) {
		if last = err; err == nil && i.ID != "i-1" {
			t.Errorf("List yielded %s after cancellation", i.ID)
		}
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("List ended with %v, want %v", last, context.Canceled)
	}
	if list, err := fleet.Describe(ctx, "i-1"); !errors.Is(err, context.Canceled) {
		t.Errorf("Describe = %v, %v; want %v", list, err, context.Canceled)
	}
	for _, err := range memfleet.New().List(ctx) {
		if last = err; err == nil {
			t.Error("List of an empty fleet yielded an instance")
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("List of an empty fleet ended with %v, want %v", last, context.Canceled)
	}
}

func TestListBreaksOff(t *testing.T) {
	fleet := memfleet.New()
	fleet.Launch(binder.Instance{ID: "i-1"})
	fleet.Launch(binder.Instance{ID: "i-2"})
	n := 0
	for range fleet.List(t.Context()) {
		n++
		fleet.Forget("i-1") // a fleet may be used while it is listed
		break
	}
	if n != 1 {
		t.Errorf("List went on after a break: %d instances", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	pool := mempool.New()
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			id := fmt.Sprintf("i-%d", n)
			fleet.Launch(binder.Instance{ID: id})
			fleet.SetState(id, binder.Running)
			for _, err := range fleet.List(t.Context()) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := listed(t, fleet); len(got) != 8 {
		t.Errorf("List = %v, want 8 instances", got)
	}
}

func Example() {
	ctx := context.Background()
	pool := mempool.New()
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	address := pool.Add(eippool.Address{IP: netip.MustParseAddr("203.0.113.7")})

	worker := fleet.Launch(binder.Instance{ID: "i-0abc"})
	fleet.SetState(worker.ID, binder.Running)
	target := eippool.Target{InstanceID: worker.ID, NetworkInterfaceID: worker.NetworkInterfaceID}
	if _, err := pool.Associate(ctx, address.AllocationID, target); err != nil {
		fmt.Println(err)
	}
	for i, err := range fleet.List(ctx) {
		fmt.Println(i.ID, i.State, i.ElasticIP, err)
	}

	fleet.SetState(worker.ID, binder.Terminated)
	for i, err := range fleet.List(ctx) {
		fmt.Println(i.ID, i.State, i.ElasticIP.IsValid(), err)
	}
	// Output:
	// i-0abc running 203.0.113.7 <nil>
	// i-0abc terminated false <nil>
}
