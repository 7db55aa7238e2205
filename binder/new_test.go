package binder_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func drifts(into *[]binder.Event) binder.Observer {
	return binder.ObserverFunc(func(_ context.Context, e binder.Event) {
		if e.Kind == binder.EventDriftFound {
			*into = append(*into, e)
		}
	})
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	w := newWorld(t, 0)
	whole := binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: w.store}
	cases := []struct {
		field    string
		backends binder.Backends
		option   func(*binder.Options)
	}{
		{"Backends.Fleet", binder.Backends{Pool: w.pool, Policy: whole.Policy, Zone: w.zone, Store: w.store}, nil},
		{"Backends.Pool", binder.Backends{Fleet: w.fleet, Policy: whole.Policy, Zone: w.zone, Store: w.store}, nil},
		{"Backends.Policy", binder.Backends{Fleet: w.fleet, Pool: w.pool, Zone: w.zone, Store: w.store}, nil},
		{"Backends.Zone", binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: whole.Policy, Store: w.store}, nil},
		{"Backends.Store", binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: whole.Policy, Zone: w.zone}, nil},
		{"Options.Suffix", whole, func(o *binder.Options) { o.Suffix = "" }},
		{"Options.Suffix", whole, func(o *binder.Options) { o.Suffix = "under_score.example.com" }},
		{"Options.BinderID", whole, func(o *binder.Options) { o.BinderID = "" }},
		{"Options.TTL", whole, func(o *binder.Options) { o.TTL = 1500 * time.Millisecond }},
		{"Options.Lease", whole, func(o *binder.Options) { o.Lease = 0 }},
		{"Options.CoolDown", whole, func(o *binder.Options) { o.CoolDown = -1 }},
		{"Options.Concurrency", whole, func(o *binder.Options) { o.Concurrency = 0 }},
		{"Options.Logger", whole, func(o *binder.Options) { o.Logger = nil }},
		{"Options.KeepNames", whole, func(o *binder.Options) { o.KeepNames = true }},
	}
	for _, c := range cases {
		t.Run(c.field, func(t *testing.T) {
			_, err := binder.New(c.backends, func(o *binder.Options) {
				o.Suffix = "media.example.com"
				if c.option != nil {
					c.option(o)
				}
			})
			if !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), c.field) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

// A policy that could name nobody, since all its names may be names that workers
// have in common, is refused; one that names some is not.
func TestNewRefusesAPolicyThatNamesNobody(t *testing.T) {
	w := newWorld(t, 0)
	byTag, err := dnspolicy.Pattern("{tag:name}")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		policy  dnspolicy.Policy
		common  string
		refused bool
	}{
		{dnspolicy.PerAddress(dnspolicy.DashedIP()), "{zone}", true},
		{dnspolicy.InstanceID(), "{instance-type}", true},
		{dnspolicy.Fallback(dnspolicy.InstanceID(), dnspolicy.PerAddress(dnspolicy.DashedIP())), "{zone}", true},
		{dnspolicy.Fallback(dnspolicy.InstanceID(), dnspolicy.PerAddress(dnspolicy.DottedIP())), "{zone}", false},
		{dnspolicy.PerAddress(dnspolicy.DashedIP()), "all-{zone}", false},
		{dnspolicy.PerAddress(dnspolicy.DashedIP()), "ip-11-11-11-11", false}, // keeps one worker out
		{byTag, "{zone}", false}, // nobody knows
	} {
		recorder, err := dnspolicy.Multivalue(c.common, suffix, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		_, err = binder.New(binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: dnspolicy.WithRecords(c.policy, recorder), Zone: w.zone, Store: w.store},
			func(o *binder.Options) { o.Suffix = suffix })
		if refused := errors.Is(err, binder.ErrConfig) && strings.Contains(err.Error(), "Backends.Policy"); refused != c.refused || !refused && err != nil {
			t.Errorf("%T with %q: %v", c.policy, c.common, err)
		}
	}
}

func TestCheck(t *testing.T) {
	w := newWorld(t, 1)
	if err := w.binder().Check(t.Context()); err != nil {
		t.Error(err)
	}
	err := newWorld(t, 0).binder().Check(t.Context())
	if !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), "pool is empty") {
		t.Errorf("empty pool: %v", err)
	}
	b, err := binder.New(binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: w.store},
		func(o *binder.Options) { o.Suffix = "elsewhere.org" })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context()); !errors.Is(err, dnspolicy.ErrInvalid) || !strings.Contains(err.Error(), "elsewhere.org") {
		t.Errorf("suffix outside the zone: %v", err)
	}
}

func ExampleNew() {
	ctx := context.Background()
	pool := mempool.New()
	pool.Add(eippool.Address{AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.7")})
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	fleet.Launch(binder.Instance{ID: "i-0abc", State: binder.Running})
	zone, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := binder.New(binder.Backends{
		Fleet: fleet, Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: memstore.New(),
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		fmt.Println(err)
		return
	}

	outcomes, err := b.Reconcile(ctx, "i-0abc")
	fmt.Println(outcomes[0].Status, outcomes[0].IP, outcomes[0].Name, err)

	fleet.SetState("i-0abc", binder.Terminated)
	outcomes, err = b.Reconcile(ctx, "i-0abc")
	fmt.Println(outcomes[0].Status, err)
	// Output:
	// bound 203.0.113.7 ip-203-0-113-7.media.example.com. <nil>
	// unbound <nil>
}
