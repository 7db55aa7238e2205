package k8snode

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// silentStore gives no answer to a sweep, for as long as that waits for one.
type silentStore struct {
	*memstore.Store
	silent atomic.Bool
	lists  atomic.Int64
}

func (s *silentStore) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	s.lists.Add(1)
	if !s.silent.Load() {
		return s.Store.List(ctx, f)
	}
	return func(yield func(store.Record, error) bool) {
		<-ctx.Done()
		yield(store.Record{}, ctx.Err())
	}
}

// sweeping runs the sweeps of a controller on this store until stop is called. Its
// pool has one address.
func sweeping(t *testing.T, records store.Store, optFns ...func(*Options)) (c *Controller, fleet *memfleet.Fleet, pool *mempool.Pool, stop func()) {
	t.Helper()
	pool = mempool.New()
	pool.Add(eippool.Address{AllocationID: "eipalloc-0", IP: netip.MustParseAddr("203.0.113.7")})
	fleet = memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	b, err := binder.New(binder.Backends{Fleet: fleet, Pool: pool, Zone: zone, Store: records, Policy: dnspolicy.InstanceID()},
		func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		t.Fatal(err)
	}
	if c, err = New(b, optFns...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if err := (sweeper{c}).Start(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); group.Wait() }
	t.Cleanup(stop)
	return c, fleet, pool, stop
}

// logText is a log that can be read while it is written.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logText) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// A sweep that gets no answer is given up and logged, as often as that is so; the
// one that gets its answers does the work of those before.
func TestSweepGetsNoAnswer(t *testing.T) {
	const late = `level=ERROR msg="the sweep did not end in time"`
	synctest.Test(t, func(t *testing.T) {
		records, log := &silentStore{Store: memstore.New()}, &logText{}
		records.silent.Store(true)
		c, fleet, pool, _ := sweeping(t, records, func(o *Options) {
			o.SweepEvery, o.SweepTime, o.Logger = time.Hour, time.Minute, slog.New(slog.NewTextHandler(log, nil))
		})
		id := fleet.Launch(binder.Instance{State: binder.Running}).ID
		c.looks.attachClaimed("a", id)
		time.Sleep(time.Minute - time.Second)
		if records.lists.Load() != 1 || log.count("msg=") != 0 {
			t.Errorf("%d sweeps, %d lines in the log before the first one's time is over", records.lists.Load(), log.count("msg="))
		}
		time.Sleep(2 * time.Second)
		if log.count(late) != 1 || log.count("context deadline exceeded") != 1 {
			t.Errorf("the log is %q", log)
		}
		time.Sleep(time.Hour + time.Minute) // the second one gets none either
		if records.lists.Load() != 2 || log.count(late) != 2 {
			t.Errorf("%d sweeps, of which %d did not end", records.lists.Load(), log.count(late))
		}
		records.silent.Store(false)
		time.Sleep(time.Hour)
		if log.count("level=INFO msg=swept") != 1 || log.count("msg=") != 3 {
			t.Errorf("the log is %q", log)
		}
		if a, err := pool.Lookup(t.Context(), "eipalloc-0"); err != nil || a[0].InstanceID != id {
			t.Errorf("%v, %v", a, err)
		}
	})
}

// A sweep that gets no answer does not keep the process from ending.
func TestSweepEndsWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records, log := &silentStore{Store: memstore.New()}, &logText{}
		records.silent.Store(true)
		_, _, _, stop := sweeping(t, records, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
		began := time.Now()
		time.Sleep(time.Second)
		stop()
		if took := time.Since(began); took != time.Second || log.count("msg=") != 0 {
			t.Errorf("it took %s, and the log is %q", took, log)
		}
	})
}

// cut is a Binder whose sweep binds one instance, and comes to no others: their
// outcomes are not failures.
type cut struct{ Binder }

func (cut) Sweep(ctx context.Context, _ ...func(*binder.SweepOptions)) (binder.Report, error) {
	<-ctx.Done()
	return binder.Report{Outcomes: []binder.Outcome{
		boundOutcome("i-first"), {InstanceID: "i-second", Status: binder.NotReady, RetryAfter: time.Second},
	}}, nil
}

// A sweep that was cut short without an error is logged as one, and what it found
// is told.
func TestSweepCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logText{}
		c, err := New(cut{}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"i-first", "i-second"} {
			c.looks.attach("node of "+id, id)
		}
		c.sweep(t.Context())
		if log.count(`level=ERROR msg="the sweep did not end in time" took=10m0s`) != 1 || log.count("failed=0") != 1 {
			t.Errorf("the log is %q", log)
		}
		if first, second := c.looks.of("i-first").outcome, c.looks.of("i-second").outcome; first == nil || first.Status != binder.Bound || second == nil || second.Status != binder.NotReady {
			t.Errorf("%+v, %+v", first, second)
		}
	})
}

// A sweep without a limit, or one that has no time at all, is refused.
func TestSweepTimeRefused(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		if _, err := New(cut{}, func(o *Options) { o.SweepTime = d }); !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), "SweepTime") {
			t.Errorf("%s: %v", d, err)
		}
	}
}
