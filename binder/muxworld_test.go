package binder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// nodepool is the tag that tells the profiles' instances apart.
const nodepool = "karpenter.sh/nodepool"

// fleetCalls counts the calls of a fleet, which may fail.
type fleetCalls struct {
	*memfleet.Fleet
	described, listed int
	err               error
}

func (f *fleetCalls) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	f.described++
	if f.err != nil {
		return nil, f.err
	}
	return f.Fleet.Describe(ctx, ids...)
}

func (f *fleetCalls) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	f.listed++
	if f.err != nil {
		return func(yield func(binder.Instance, error) bool) { yield(binder.Instance{}, f.err) }
	}
	return f.Fleet.List(ctx)
}

// account is what the pools of all profiles have in common.
type account struct{ *mempool.Pool }

// class is the part of an account's pool whose addresses carry a tag.
type class struct {
	account
	name string
	err  error
}

func (c *class) List(ctx context.Context) ([]eippool.Address, error) {
	if c.err != nil {
		return nil, c.err
	}
	all, err := c.account.List(ctx)
	return slices.DeleteFunc(all, func(a eippool.Address) bool { return a.Tags["class"] != c.name }), err
}

// brokenStore fails as long as err is set.
type brokenStore struct {
	*memstore.Store
	err error
}

func (s *brokenStore) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Get(ctx, keys...)
}

func (s *brokenStore) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	if s.err != nil {
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, s.err) }
	}
	return s.Store.List(ctx, f)
}

// muxWorld is an account with a fleet, a zone, and three profiles.
type muxWorld struct {
	t      *testing.T
	fleet  *fleetCalls
	pool   account
	pools  map[string]*class
	stores map[string]*brokenStore
	zone   *memzone.Zone
	log    bytes.Buffer
}

var classes = []string{"media", "voice", "batch"}

func newMuxWorld(t *testing.T, shared bool) *muxWorld {
	t.Helper()
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	pool := account{mempool.New()}
	w := &muxWorld{
		t: t, zone: zone, pool: pool, pools: map[string]*class{}, stores: map[string]*brokenStore{},
		fleet: &fleetCalls{Fleet: memfleet.New(func(o *memfleet.Options) { o.Network = pool })},
	}
	one := &brokenStore{Store: memstore.New()}
	for n, name := range classes {
		w.pools[name], w.stores[name] = &class{account: pool, name: name}, one
		if !shared {
			w.stores[name] = &brokenStore{Store: memstore.New()}
		}
		for k := range 3 {
			pool.Add(eippool.Address{
				AllocationID: fmt.Sprintf("eipalloc-%s-%d", name, k), Tags: map[string]string{"class": name},
				IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(10*n + k)}),
			})
		}
	}
	return w
}

func (w *muxWorld) profile(name string) binder.Profile {
	return binder.Profile{
		Name: name, Instances: binder.Tags{nodepool: name},
		Backends: binder.Backends{Pool: w.pools[name], Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: w.stores[name]},
		Options:  []func(*binder.Options){func(o *binder.Options) { o.Suffix = name + ".example.com" }},
	}
}

func (w *muxWorld) profiles() []binder.Profile {
	return []binder.Profile{w.profile("media"), w.profile("voice"), w.profile("batch")}
}

func (w *muxWorld) mux(edits ...func([]binder.Profile)) *binder.Mux {
	w.t.Helper()
	profiles := w.profiles()
	for _, edit := range edits {
		edit(profiles)
	}
	m, err := binder.NewMux(w.fleet, profiles, func(o *binder.MuxOptions) { o.Logger = slog.New(slog.NewTextHandler(&w.log, nil)) })
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *muxWorld) launch(id string, tags map[string]string) {
	w.fleet.Launch(binder.Instance{ID: id, State: binder.Running, Tags: tags})
}

// launchEach launches a worker of each profile, and returns their IDs.
func (w *muxWorld) launchEach() []string {
	var ids []string
	for _, name := range classes {
		ids = append(ids, "i-"+name)
		w.launch("i-"+name, map[string]string{nodepool: name})
	}
	return ids
}

// record returns the record that holds the instance; nil if there is none.
func (w *muxWorld) record(id string) *store.Record {
	w.t.Helper()
	for _, name := range classes {
		found, err := w.stores[name].Store.Get(context.Background(), store.ByInstance(id))
		if err != nil {
			w.t.Fatal(err)
		}
		if len(found) > 0 {
			return &found[0]
		}
	}
	return nil
}

// shared runs the test with one store for all profiles, and with one for each.
func shared(t *testing.T, test func(t *testing.T, w *muxWorld)) {
	t.Helper()
	for name, shared := range map[string]bool{"one store": true, "a store each": false} {
		t.Run(name, func(t *testing.T) { inBubble(t, func(t *testing.T) { test(t, newMuxWorld(t, shared)) }) })
	}
}

func statuses(outcomes []binder.Outcome) string {
	var all []string
	for _, o := range outcomes {
		all = append(all, fmt.Sprintf("%s %s %s", o.InstanceID, o.Profile, o.Status))
	}
	return fmt.Sprint(all)
}

func (w *muxWorld) reconcile(m *binder.Mux, want string, ids ...string) {
	w.t.Helper()
	outcomes, err := m.Reconcile(w.t.Context(), ids...)
	if got := statuses(outcomes); got != want || err != nil {
		w.t.Errorf("outcomes %s, %v, want %s", got, err, want)
	}
}

var errBroken = errors.New("broken")

// later is after everything that could still land.
const later = 20 * time.Minute
