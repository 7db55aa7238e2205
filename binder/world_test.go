package binder_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"sync"
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

const suffix = "media.example.com."

// world is a small cloud in memory. Every external call of a binder made by
// w.binder passes through w.hook, if there is one, and is logged.
type world struct {
	t     *testing.T
	fleet *memfleet.Fleet
	pool  *mempool.Pool
	zone  *memzone.Zone
	store *memstore.Store

	mu    sync.Mutex
	calls []string
	hook  func(call string, do func() error) error
}

func newWorld(t *testing.T, addresses int) *world {
	t.Helper()
	return newWorldOf(t, addresses, mempool.New())
}

// newTaggedWorld has a pool of the addresses tagged pool=media.
func newTaggedWorld(t *testing.T, addresses int) *world {
	t.Helper()
	return newWorldOf(t, addresses, mempool.New(func(o *mempool.Options) { o.Tags = map[string]string{"pool": "media"} }))
}

func newWorldOf(t *testing.T, addresses int, pool *mempool.Pool) *world {
	t.Helper()
	zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = 30 * time.Second })
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, pool: pool, zone: zone, store: memstore.New(),
		fleet: memfleet.New(func(o *memfleet.Options) {
			o.Network, o.Tags = pool, map[string]string{"role": "media"}
		}),
	}
	for n := range addresses {
		w.pool.Add(eippool.Address{
			AllocationID: fmt.Sprintf("eipalloc-%03d", n),
			IP:           netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}),
			Tags:         map[string]string{"pool": "media"},
		})
	}
	return w
}

// launch starts a running, eligible worker.
func (w *world) launch(id string) { w.launchIn(id, binder.Running) }

func (w *world) launchIn(id string, s binder.State) {
	w.fleet.Launch(binder.Instance{ID: id, State: s, Tags: map[string]string{"role": "media"}})
}

// binder returns a binder as a fresh process would make it.
func (w *world) binder(optFns ...func(*binder.Options)) *binder.Binder {
	return w.binderWith(dnspolicy.InstanceID(), optFns...)
}

func (w *world) binderWith(p dnspolicy.Policy, optFns ...func(*binder.Options)) *binder.Binder {
	w.t.Helper()
	b, err := binder.New(binder.Backends{
		Fleet: hookedFleet{w}, Pool: hookedPool{w}, Policy: p, Zone: hookedZone{w}, Store: hookedStore{w},
	}, append([]func(*binder.Options){func(o *binder.Options) { o.Suffix = suffix }}, optFns...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// call passes an external call through the hook.
func (w *world) call(ctx context.Context, name string, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	w.calls = append(w.calls, name)
	hook := w.hook
	w.mu.Unlock()
	if hook == nil {
		return do()
	}
	return hook(name, do)
}

// took returns the calls since the last time it was asked.
func (w *world) took() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// sent is the context of a call that has left the process: it takes effect,
// now or later, whatever its caller does.
func sent(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// hookedList passes a list through the hook as one call.
func hookedList[T any](ctx context.Context, w *world, name string, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := w.call(ctx, name, func() error { return nil }); err != nil {
			var none T
			yield(none, err)
			return
		}
		list(yield)
	}
}

type hookedFleet struct{ w *world }

// through passes a call with a result through the hook. The call may take
// effect later than it returns, hence the lock.
func through[T any](ctx context.Context, w *world, name string, do func(context.Context) (T, error)) (T, error) {
	var mu sync.Mutex
	var result T
	err := w.call(ctx, name, func() error {
		r, err := do(sent(ctx))
		mu.Lock()
		defer mu.Unlock()
		result = r
		return err
	})
	mu.Lock()
	defer mu.Unlock()
	return result, err
}

func (f hookedFleet) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	return through(ctx, f.w, "fleet.Describe", func(ctx context.Context) ([]binder.Instance, error) { return f.w.fleet.Describe(ctx, ids...) })
}

func (f hookedFleet) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return hookedList(ctx, f.w, "fleet.List", f.w.fleet.List(ctx))
}

type hookedPool struct{ w *world }

func (p hookedPool) List(ctx context.Context) ([]eippool.Address, error) {
	return through(ctx, p.w, "pool.List", p.w.pool.List)
}

func (p hookedPool) Lookup(ctx context.Context, ids ...string) ([]eippool.Address, error) {
	return through(ctx, p.w, "pool.Lookup", func(ctx context.Context) ([]eippool.Address, error) { return p.w.pool.Lookup(ctx, ids...) })
}

func (p hookedPool) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	return through(ctx, p.w, "pool.Associate", func(ctx context.Context) (string, error) { return p.w.pool.Associate(ctx, id, t) })
}

func (p hookedPool) Disassociate(ctx context.Context, id string) error {
	return p.w.call(ctx, "pool.Disassociate", func() error { return p.w.pool.Disassociate(sent(ctx), id) })
}

func (p hookedPool) SetReverseName(ctx context.Context, id, name string) error {
	return p.w.call(ctx, "pool.SetReverseName", func() error { return p.w.pool.SetReverseName(sent(ctx), id, name) })
}

func (p hookedPool) ClearReverseName(ctx context.Context, id string) error {
	return p.w.call(ctx, "pool.ClearReverseName", func() error { return p.w.pool.ClearReverseName(sent(ctx), id) })
}

type hookedZone struct{ w *world }

func (z hookedZone) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	return through(ctx, z.w, "zone.Lookup", func(ctx context.Context) (dnspolicy.RRSet, error) { return z.w.zone.Lookup(ctx, key) })
}

func (z hookedZone) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	return through(ctx, z.w, "zone.Apply", func(ctx context.Context) (dnspolicy.Propagation, error) { return z.w.zone.Apply(ctx, changes) })
}

func (z hookedZone) Wait(ctx context.Context, p dnspolicy.Propagation) error {
	return z.w.call(ctx, "zone.Wait", func() error { return z.w.zone.Wait(ctx, p) })
}

func (z hookedZone) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
	return hookedList(ctx, z.w, "zone.List", z.w.zone.List(ctx))
}

type hookedStore struct{ w *world }

func (s hookedStore) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	return through(ctx, s.w, "store.Get", func(ctx context.Context) ([]store.Record, error) { return s.w.store.Get(ctx, keys...) })
}

func (s hookedStore) Put(ctx context.Context, r store.Record) (store.Record, error) {
	return through(ctx, s.w, "store.Put", func(ctx context.Context) (store.Record, error) { return s.w.store.Put(ctx, r) })
}

func (s hookedStore) Delete(ctx context.Context, r store.Record) error {
	return s.w.call(ctx, "store.Delete", func() error { return s.w.store.Delete(sent(ctx), r) })
}

func (s hookedStore) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return hookedList(ctx, s.w, "store.List", s.w.store.List(ctx, f))
}

func (s hookedStore) Pause(ctx context.Context, reason string) error {
	return s.w.call(ctx, "store.Pause", func() error { return s.w.store.Pause(sent(ctx), reason) })
}

func (s hookedStore) Resume(ctx context.Context) error {
	return s.w.call(ctx, "store.Resume", func() error { return s.w.store.Resume(sent(ctx)) })
}

func (s hookedStore) Paused(ctx context.Context) (bool, string, error) {
	type answer struct {
		paused bool
		reason string
	}
	a, err := through(ctx, s.w, "store.Paused", func(ctx context.Context) (answer, error) {
		paused, reason, err := s.w.store.Paused(ctx)
		return answer{paused, reason}, err
	})
	return a.paused, a.reason, err
}

// The world as it is, for assertions.

func (w *world) addresses() []eippool.Address {
	found, err := w.pool.List(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func (w *world) records() []store.Record {
	var all []store.Record
	for r, err := range w.store.List(context.Background(), store.Filter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func (w *world) names() []string {
	var names []string
	for set, err := range w.zone.List(context.Background()) {
		if err != nil {
			w.t.Fatal(err)
		}
		names = append(names, set.Name)
	}
	slices.Sort(names)
	return names
}

// record returns the record that holds the instance; nil if there is none.
func (w *world) record(instanceID string) *store.Record {
	for _, r := range w.records() {
		if r.InstanceID == instanceID {
			return &r
		}
	}
	return nil
}

// checkInvariants checks I1 to I4 of the design.
func (w *world) checkInvariants() error {
	var errs []error
	holds := map[string]string{} // interface → IP
	held := map[string]eippool.Address{}
	for _, a := range w.addresses() {
		if !a.Associated() {
			continue
		}
		held[a.AllocationID] = a
		if other, two := holds[a.NetworkInterfaceID]; two {
			errs = append(errs, fmt.Errorf("I2: %s holds %s and %s", a.NetworkInterfaceID, other, a.IP))
		}
		holds[a.NetworkInterfaceID] = a.IP.String()
	}
	instances := map[string]string{}
	for _, r := range w.records() {
		if r.InstanceID == "" {
			continue
		}
		if other, two := instances[r.InstanceID]; two {
			errs = append(errs, fmt.Errorf("I2: records %s and %s hold %s", other, r.AllocationID, r.InstanceID))
		}
		instances[r.InstanceID] = r.AllocationID
		errs = append(errs, w.checkRecord(r, held[r.AllocationID]))
	}
	return errors.Join(errs...)
}

func (w *world) checkRecord(r store.Record, a eippool.Address) error {
	set, err := w.zone.Lookup(context.Background(), dnspolicy.RRKey{Name: r.Name, Type: "A"})
	published := err == nil && slices.Equal(set.Values, []string{r.IP.String()})
	holds := a.Associated() && a.NetworkInterfaceID == r.NetworkInterfaceID
	found, err := w.fleet.Describe(context.Background(), r.InstanceID)
	alive := err == nil && len(found) == 1 && found[0].State == binder.Running
	switch {
	case r.Phase == store.Bound && alive && (!holds || a.AssociationID != r.AssociationID || !published):
		return fmt.Errorf("I3: %s is bound to %s; held: %v, published: %v", r.IP, r.InstanceID, holds, published)
	case published && alive && !holds && !r.KeepName:
		return fmt.Errorf("I4: %s points at %s, which %s does not hold", r.Name, r.IP, r.InstanceID)
	}
	return nil
}
