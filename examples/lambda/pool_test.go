package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func TestCount(t *testing.T) {
	now := time.Date(2026, 11, 11, 21, 30, 0, 0, time.UTC)
	before, after := now.Add(-time.Second), now.Add(time.Second)
	for name, test := range map[string]struct {
		record     *store.Record
		associated bool
		want       [3]int // free, used, cooling
	}{
		"never used":           {nil, false, [3]int{1, 0, 0}},
		"somebody else's":      {nil, true, [3]int{0, 1, 0}},
		"free":                 {&store.Record{Phase: store.Free, ReusableAt: before, FencedUntil: before}, false, [3]int{1, 0, 0}},
		"free to the second":   {&store.Record{Phase: store.Free, ReusableAt: now, FencedUntil: now}, false, [3]int{1, 0, 0}},
		"cooling":              {&store.Record{Phase: store.Free, ReusableAt: after}, false, [3]int{0, 0, 1}},
		"fenced":               {&store.Record{Phase: store.Free, ReusableAt: before, FencedUntil: after}, false, [3]int{0, 0, 1}},
		"reserved":             {&store.Record{Phase: store.Reserved}, false, [3]int{0, 1, 0}},
		"bound":                {&store.Record{Phase: store.Bound}, true, [3]int{0, 1, 0}},
		"releasing":            {&store.Record{Phase: store.Releasing}, false, [3]int{0, 1, 0}},
		"free, but associated": {&store.Record{Phase: store.Free}, true, [3]int{0, 1, 0}},
	} {
		address, records := eippool.Address{AllocationID: "eipalloc-0a"}, map[string]store.Record{"eipalloc-0b": {Phase: store.Bound}}
		if test.associated {
			address.AssociationID = "eipassoc-0a"
		}
		if test.record != nil {
			records["eipalloc-0a"] = *test.record
		}
		free, used, cooling := count([]eippool.Address{address}, records, now)
		if got := [3]int{free, used, cooling}; got != test.want {
			t.Errorf("%s: free, used, cooling: %v, want %v", name, got, test.want)
		}
	}
}

// sweeper is a Binder that only sweeps.
type sweeper struct {
	lambdaevent.Binder

	report binder.Report
	err    error
}

func (s sweeper) Sweep(context.Context, ...func(*binder.SweepOptions)) (binder.Report, error) {
	return s.report, s.err
}

// brokenPool cannot be listed.
type brokenPool struct{ eippool.Pool }

func (brokenPool) List(context.Context) ([]eippool.Address, error) {
	return nil, eippool.ErrThrottled
}

// TestScheduleCounts: a function that is invoked by a schedule answers, and
// prints the pool of each profile by itself.
func TestScheduleCounts(t *testing.T) {
	pool := mempool.New()
	for _, ip := range []string{"203.0.113.7", "203.0.113.8"} {
		pool.Add(eippool.Address{AllocationID: "eipalloc-" + ip, IP: netip.MustParseAddr(ip)})
	}
	for name, test := range map[string]struct {
		pool      eippool.Pool
		sweep     error
		want, log string
	}{
		"counted":                   {pool, nil, `"BinderID":"eipbinder-voice","PoolCooling":0,"PoolFree":2,"PoolUsed":0`, ""},
		"counted in spite of a cap": {pool, binder.ErrBlastRadius, `"BinderID":"eipbinder-voice","PoolCooling":0,"PoolFree":2,"PoolUsed":0`, "sweep stopped"},
		"not counted":               {brokenPool{}, nil, "", "could not be counted"},
	} {
		var out, log bytes.Buffer
		m, err := newMetrics(&out, []deployment.Profile{{BinderID: "eipbinder-media"}, {BinderID: "eipbinder-voice"}})
		if err != nil {
			t.Fatal(err)
		}
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		b := &gauged{
			Binder: sweeper{err: test.sweep}, records: memstore.New(), metrics: m, logger: logger,
			pools: map[string]eippool.Pool{"eipbinder-voice": test.pool},
		}
		f := function{lambdaevent.New(b, func(o *lambdaevent.Options) { o.Logger = logger }), m, logger}
		if _, err := f.Invoke(t.Context(), []byte(`{"detail-type":"Scheduled Event"}`)); !errors.Is(err, test.sweep) {
			t.Errorf("%s: error %v, want %v", name, err, test.sweep)
		}
		if lines := strings.Count(out.String(), "\n"); test.want == "" && lines > 0 || test.want != "" && lines != 1 || !strings.Contains(out.String(), test.want) {
			t.Errorf("%s: metrics %s", name, out.String())
		}
		if !strings.Contains(log.String(), test.log) {
			t.Errorf("%s: log %s", name, log.String())
		}
	}
}
