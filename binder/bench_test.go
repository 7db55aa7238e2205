package binder_test

import (
	"fmt"
	"net/netip"
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

// bench is a cloud in memory, without latency.
type bench struct {
	backends binder.Backends
	fleet    *memfleet.Fleet
	pool     *mempool.Pool
	store    *memstore.Store
	ids      []string
}

func newBench(b *testing.B, instances, addresses int) *bench {
	b.Helper()
	pool := mempool.New()
	zone, err := memzone.New("example.com.")
	if err != nil {
		b.Fatal(err)
	}
	w := &bench{
		pool: pool, store: memstore.New(),
		fleet: memfleet.New(func(o *memfleet.Options) { o.Network, o.Tags = pool, map[string]string{"role": "media"} }),
	}
	w.backends = binder.Backends{Fleet: w.fleet, Pool: pool, Policy: dnspolicy.InstanceID(), Zone: zone, Store: w.store}
	for n := range addresses {
		pool.Add(eippool.Address{AllocationID: fmt.Sprintf("eipalloc-%06d", n), IP: benchIP(n)})
	}
	for n := range instances {
		w.ids = append(w.ids, fmt.Sprintf("i-%06d", n))
		w.fleet.Launch(binder.Instance{ID: w.ids[n], State: binder.Running, Tags: map[string]string{"role": "media"}})
	}
	return w
}

func benchIP(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{100, byte(n >> 16), byte(n >> 8), byte(n)})
}

func (w *bench) binder(b *testing.B) *binder.Binder {
	made, err := binder.New(w.backends, func(o *binder.Options) { o.Suffix = suffix })
	if err != nil {
		b.Fatal(err)
	}
	return made
}

// BenchmarkReconcile binds so many new instances in one call. The last line
// says how many times longer ten times as many take.
func BenchmarkReconcile(b *testing.B) {
	took := map[int]time.Duration{}
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				w := newBench(b, n, n)
				made := w.binder(b)
				b.StartTimer()
				outcomes, err := made.Reconcile(b.Context(), w.ids...)
				if err != nil || outcomes[n-1].Status != binder.Bound {
					b.Fatal(outcomes[n-1], err)
				}
			}
			took[n] = b.Elapsed() / time.Duration(b.N)
			if small := took[1_000]; n > 1_000 && small > 0 {
				b.ReportMetric(took[n].Seconds()/small.Seconds(), "times-1000")
			}
		})
	}
}

// BenchmarkSweepPlan plans over so many records, a tenth of them bound.
func BenchmarkSweepPlan(b *testing.B) {
	took := map[int]time.Duration{}
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			w := newBench(b, n/10, n)
			made := w.binder(b)
			if _, err := made.Reconcile(b.Context(), w.ids...); err != nil {
				b.Fatal(err)
			}
			w.recordAll(b)
			b.ReportAllocs()
			for b.Loop() {
				report, err := made.Sweep(b.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
				if err != nil || len(report.Actions)+len(report.Findings) > 0 {
					b.Fatal(report, err)
				}
			}
			took[n] = b.Elapsed() / time.Duration(b.N)
			if small := took[10_000]; n > 10_000 && small > 0 {
				b.ReportMetric(took[n].Seconds()/small.Seconds(), "times-10000")
			}
		})
	}
}

// recordAll gives a Free record to each address that has none.
func (w *bench) recordAll(b *testing.B) {
	addresses, err := w.pool.List(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, a := range addresses {
		if a.Associated() {
			continue
		}
		_, err := w.store.Put(b.Context(), store.Record{
			AllocationID: a.AllocationID, IP: a.IP, BinderID: "eipbinder", Phase: store.Free, WriteID: a.AllocationID,
			LastInstanceID: "i-was-there", FreedAt: time.Now().Add(-time.Hour),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
