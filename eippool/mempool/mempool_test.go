package mempool_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/eippool/pooltest"
)

var tags = map[string]string{"pool": "media"}

func TestContract(t *testing.T) {
	pooltest.Run(t, func(*testing.T) pooltest.Fixture {
		const limit = 300
		pool := mempool.New(func(o *mempool.Options) { o.Tags, o.Limit = tags, limit })
		targets := 0
		launch := func(group, state string) eippool.Target {
			targets++
			target := eippool.Target{
				InstanceID:         fmt.Sprintf("i-%d", targets),
				NetworkInterfaceID: fmt.Sprintf("eni-%d", targets),
				NetworkBorderGroup: group,
			}
			pool.SetTarget(target, state)
			return target
		}
		return pooltest.Fixture{
			Pool: pool,
			AddAddress: func(inPool bool) string {
				a := eippool.Address{NetworkBorderGroup: "eu-central-1"}
				if inPool {
					a.Tags = tags
				}
				return pool.Add(a).AllocationID
			},
			Leave:              func(id string) { pool.SetTags(id, nil) },
			AddTarget:          func(state string) eippool.Target { return launch("eu-central-1", state) },
			AddTargetElsewhere: func() eippool.Target { return launch("eu-central-1-ham-1", mempool.Running) },
			UseUp: func() {
				for range limit {
					pool.Add(eippool.Address{})
				}
			},
		}
	})
}

var target = eippool.Target{InstanceID: "i-1", NetworkInterfaceID: "eni-1"}

// bound returns a pool whose target holds an address.
func bound(t *testing.T) (*mempool.Pool, eippool.Address) {
	t.Helper()
	pool := mempool.New()
	pool.SetTarget(target, mempool.Running)
	id := pool.Add(eippool.Address{}).AllocationID
	if _, err := pool.Associate(t.Context(), id, target); err != nil {
		t.Fatal(err)
	}
	return pool, get(t, pool, id)
}

func get(t *testing.T, pool *mempool.Pool, id string) eippool.Address {
	t.Helper()
	list, err := pool.Lookup(t.Context(), id)
	if err != nil || len(list) != 1 {
		t.Fatalf("Lookup(%s) = %v, %v", id, list, err)
	}
	return list[0]
}

func TestTermination(t *testing.T) {
	pool, held := bound(t)
	for _, state := range []string{mempool.Stopping, mempool.Stopped, mempool.ShuttingDown} {
		pool.SetTarget(target, state)
		if got := get(t, pool, held.AllocationID); !got.HeldBy(target) {
			t.Errorf("%s took the address away: %+v", state, got)
		}
	}
	pool.SetTarget(target, mempool.Terminated)
	got := get(t, pool, held.AllocationID)
	want := eippool.Address{AllocationID: held.AllocationID, IP: held.IP}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("after termination (-want +got):\n%s", diff)
	}
}

func TestStatesThatTakeAddresses(t *testing.T) {
	for state, want := range map[string]error{
		mempool.Pending:      eippool.ErrTargetNotReady,
		mempool.Running:      nil,
		mempool.Stopping:     nil,
		mempool.Stopped:      nil,
		mempool.ShuttingDown: eippool.ErrTargetGone,
		mempool.Terminated:   eippool.ErrTargetGone,
		"":                   eippool.ErrTargetNotReady, // not known any more
	} {
		pool := mempool.New()
		pool.SetTarget(target, mempool.Running)
		pool.SetTarget(target, state)
		if _, err := pool.Associate(t.Context(), pool.Add(eippool.Address{}).AllocationID, target); !errors.Is(err, want) {
			t.Errorf("Associate in the state %q: %v, want %v", state, err, want)
		}
	}
}

func TestGroupThatTheCallerDoesNotKnow(t *testing.T) {
	pool := mempool.New()
	elsewhere := target
	elsewhere.NetworkBorderGroup = "elsewhere"
	pool.SetTarget(elsewhere, mempool.Running)
	id := pool.Add(eippool.Address{NetworkBorderGroup: "here"}).AllocationID
	if _, err := pool.Associate(t.Context(), id, target); !errors.Is(err, eippool.ErrInvalid) {
		t.Errorf("Associate across groups: %v, want %v", err, eippool.ErrInvalid)
	}
}

func TestCancelledCallsChangeNothing(t *testing.T) {
	pool, held := bound(t)
	other := eippool.Target{NetworkInterfaceID: "eni-2"}
	pool.SetTarget(other, mempool.Running)
	free := pool.Add(eippool.Address{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, allocate := pool.Allocate(ctx)
	_, associate := pool.Associate(ctx, free.AllocationID, other)
	for _, err := range []error{
		allocate, associate,
		pool.Disassociate(ctx, held.AssociationID),
		pool.Release(ctx, free.AllocationID),
		pool.SetReverseName(ctx, free.AllocationID, "example.com."),
	} {
		if err != context.Canceled {
			t.Errorf("error %v, want %v itself", err, context.Canceled)
		}
	}
	list, err := pool.List(t.Context())
	if err != nil || len(list) != 2 {
		t.Errorf("List = %v, %v; want the two addresses", list, err)
	}
	if !get(t, pool, held.AllocationID).HeldBy(target) || get(t, pool, free.AllocationID).Associated() || pool.ReverseName(free.AllocationID) != "" {
		t.Error("a cancelled call took effect")
	}
}

func TestAdd(t *testing.T) {
	pool := mempool.New()
	id := regexp.MustCompile(`^eipalloc-[0-9a-f]{17}$`)
	first := pool.Add(eippool.Address{})
	taken := pool.Add(eippool.Address{IP: first.IP.Next()})
	next := pool.Add(eippool.Address{})
	for _, a := range []eippool.Address{first, taken, next} {
		if !id.MatchString(a.AllocationID) || a.Associated() {
			t.Errorf("Add returned %+v", a)
		}
	}
	if next.IP == first.IP || next.IP == taken.IP {
		t.Errorf("Add chose %s, which the account has", next.IP)
	}
	first.NetworkInterfaceID = "eni-by-hand"
	stolen := pool.Add(first)
	if !regexp.MustCompile(`^eipassoc-[0-9a-f]{17}$`).MatchString(stolen.AssociationID) {
		t.Errorf("Add with an interface returned %+v", stolen)
	}
	if ip, ok := pool.HeldBy("eni-by-hand"); !ok || ip != first.IP {
		t.Errorf("HeldBy = %v, %t; want %v", ip, ok, first.IP)
	}
	if ip, ok := pool.HeldBy("eni-other"); ok {
		t.Errorf("HeldBy of an interface without address = %v", ip)
	}
}

func TestAddKeepsNoMemory(t *testing.T) {
	own := map[string]string{"pool": "media"}
	pool := mempool.New(func(o *mempool.Options) { o.Tags = own })
	a := pool.Add(eippool.Address{Tags: own})
	other := pool.Add(eippool.Address{})
	pool.SetTags(other.AllocationID, own)
	own["pool"], a.Tags["pool"] = "changed", "changed"
	list, err := pool.List(t.Context())
	if err != nil || len(list) != 2 {
		t.Errorf("List = %v, %v; want both addresses, as they were", list, err)
	}
}

func TestRemove(t *testing.T) {
	pool, held := bound(t)
	pool.Remove(held.AllocationID)
	pool.Remove(held.AllocationID)
	if list, err := pool.Lookup(t.Context(), held.AllocationID); err != nil || len(list) != 0 {
		t.Errorf("Lookup = %v, %v; want nothing", list, err)
	}
	if _, ok := pool.HeldBy(target.NetworkInterfaceID); ok {
		t.Error("the interface still holds the address")
	}
}

func TestReverseName(t *testing.T) {
	pool := mempool.New()
	id := pool.Add(eippool.Address{}).AllocationID
	for _, name := range []string{"", ".", "no-dot.example.com"} {
		if err := pool.SetReverseName(t.Context(), id, name); !errors.Is(err, eippool.ErrInvalid) {
			t.Errorf("SetReverseName(%q): %v, want %v", name, err, eippool.ErrInvalid)
		}
	}
	for _, name := range []string{"a.example.com.", "b.example.com."} {
		if err := pool.SetReverseName(t.Context(), id, name); err != nil || pool.ReverseName(id) != name {
			t.Errorf("SetReverseName(%q): %v, then it is %q", name, err, pool.ReverseName(id))
		}
	}
	if err := pool.ClearReverseName(t.Context(), id); err != nil || pool.ReverseName(id) != "" {
		t.Errorf("ClearReverseName: %v, then it is %q", err, pool.ReverseName(id))
	}
}

func Example() {
	ctx := context.Background()
	pool := mempool.New()
	address := pool.Add(eippool.Address{AllocationID: "eipalloc-7", IP: netip.MustParseAddr("203.0.113.7")})
	worker := eippool.Target{InstanceID: "i-0abc", NetworkInterfaceID: "eni-0def"}

	pool.SetTarget(worker, mempool.Pending)
	_, err := pool.Associate(ctx, address.AllocationID, worker)
	fmt.Println("pending:", errors.Is(err, eippool.ErrTargetNotReady))

	pool.SetTarget(worker, mempool.Running)
	if _, err := pool.Associate(ctx, address.AllocationID, worker); err != nil {
		fmt.Println(err)
	}
	held, ok := pool.HeldBy(worker.NetworkInterfaceID)
	fmt.Println("running:", held, ok)

	pool.SetTarget(worker, mempool.Terminated)
	_, ok = pool.HeldBy(worker.NetworkInterfaceID)
	fmt.Println("terminated:", ok)
	// Output:
	// pending: true
	// running: 203.0.113.7 true
	// terminated: false
}

func ExampleNew() {
	pool := mempool.New(func(o *mempool.Options) { o.Tags = map[string]string{"pool": "media"} })
	pool.Add(eippool.Address{AllocationID: "eipalloc-1", Tags: map[string]string{"pool": "media"}})
	pool.Add(eippool.Address{AllocationID: "eipalloc-2"})
	list, err := pool.List(context.Background())
	fmt.Println(len(list), list[0].AllocationID, err)
	// Output: 1 eipalloc-1 <nil>
}
