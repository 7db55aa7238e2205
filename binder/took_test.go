package binder_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// TestBoundTakesFromTheLaunch: EventBound.Took is the time in which an instance was
// of no use, whatever part of it the binder had to do with.
func TestBoundTakesFromTheLaunch(t *testing.T) {
	const insync = 30 * time.Second // the world's zone
	for name, test := range map[string]struct {
		launchedBefore time.Duration
		unknown        bool          // when it was launched
		wait           time.Duration // for DNS, in one call
		want           time.Duration
	}{
		"at once":                      {0, false, time.Hour, insync},
		"90 s later":                   {90 * time.Second, false, time.Hour, 90*time.Second + insync},
		"in several calls":             {90 * time.Second, false, insync / 2, 90*time.Second + insync},
		"of an unknown launch":         {90 * time.Second, true, time.Hour, insync},
		"of an unknown launch, in two": {90 * time.Second, true, insync / 2, insync / 2},
	} {
		t.Run(name, func(t *testing.T) {
			withWorker(t, 1, func(t *testing.T, w *world) {
				var o bounds
				b := w.binderOf(undated{hookedFleet{w}, test.unknown}, &o, test.wait)
				time.Sleep(test.launchedBefore)
				var last binder.Outcome
				for last.Status != binder.Bound {
					last = reconcileOne(t, b, "i-1")
				}
				w.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"}) // what is repaired was usable before
				for w.record("i-1").Phase != store.Bound || len(w.names()) == 0 {
					time.Sleep(time.Hour)
					sweep(t, b)
				}
				synctest.Wait()
				if diff := cmp.Diff([]time.Duration{test.want}, o.took); diff != "" || o.repaired != 1 {
					t.Errorf("%d repairs; times to be usable (-want +got):\n%s", o.repaired, diff)
				}
			})
		})
	}
}

func reconcileOne(t *testing.T, b *binder.Binder, id string) binder.Outcome {
	t.Helper()
	outcomes, err := b.Reconcile(t.Context(), id)
	if err != nil || len(outcomes) != 1 {
		t.Fatalf("%v, %v", outcomes, err)
	}
	return outcomes[0]
}

// bounds is an Observer of what was bound, or repaired.
type bounds struct {
	mu       sync.Mutex
	took     []time.Duration
	repaired int
}

func (b *bounds) Observe(_ context.Context, e binder.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e.Kind {
	case binder.EventBound:
		b.took = append(b.took, e.Took)
	case binder.EventDriftRepaired:
		b.repaired++
	}
}

// binderOf returns a binder on another fleet, which waits so long for DNS.
func (w *world) binderOf(f binder.Fleet, o binder.Observer, wait time.Duration) *binder.Binder {
	w.t.Helper()
	b, err := binder.New(binder.Backends{
		Fleet: f, Pool: hookedPool{w}, Policy: dnspolicy.InstanceID(), Zone: hookedZone{w}, Store: hookedStore{w},
	}, func(options *binder.Options) { options.Suffix, options.Observer, options.DNSWait = suffix, o, wait })
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// undated is a fleet that may not know when its instances were launched.
type undated struct {
	binder.Fleet

	unknown bool
}

func (f undated) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	found, err := f.Fleet.Describe(ctx, ids...)
	for i := range found {
		f.forget(&found[i])
	}
	return found, err
}

func (f undated) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return func(yield func(binder.Instance, error) bool) {
		for i, err := range f.Fleet.List(ctx) {
			f.forget(&i)
			if !yield(i, err) {
				return
			}
		}
	}
}

func (f undated) forget(i *binder.Instance) {
	if f.unknown {
		i.LaunchedAt = time.Time{}
	}
}
