package binder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// told keeps outcomes as they are told, with the time since it was made.
type told struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

func (l *told) tell(o binder.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%s %s after %s", o.InstanceID, o.Status, time.Since(l.began)))
}

func (l *told) sorted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.lines))
}

// Each outcome is told when it is settled, and not when the slowest one is.
func TestOutcomesAreTold(t *testing.T) {
	calls := map[string]func(context.Context, *binder.Binder) int{
		"reconcile": func(ctx context.Context, b *binder.Binder) int {
			outcomes, _ := b.Reconcile(ctx, "i-1", "i-2", "i-3", "i-4")
			return len(outcomes)
		},
		"sweep": func(ctx context.Context, b *binder.Binder) int {
			report, _ := b.Sweep(ctx)
			return len(report.Outcomes)
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 2)
				b := w.binder()
				w.launch("i-1")
				want(t, reconcile(t, b, "i-1"), binder.Bound)
				w.launch("i-2") // gets the last address, and waits for DNS for half a minute
				w.launchIn("i-3", binder.Pending)
				w.launchIn("i-4", binder.Stopped)
				l := &told{began: time.Now()}
				n := call(binder.WithOutcomes(t.Context(), l.tell), b)
				want := []string{"i-1 already-bound after 0s", "i-2 bound after 30s", "i-3 not-ready after 0s", "i-4 ineligible after 0s"}
				if got := l.sorted(); n != len(want) || !slices.Equal(got, want) {
					t.Errorf("told %q, want %q", got, want)
				}
			})
		})
	}
}

// What was not begun, or could not be looked at, is told, too.
func TestOutcomesOfFailuresAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.binder()
		w.launch("i-1")
		w.hook = func(call string, do func() error) error {
			if call == "fleet.Describe" {
				return errors.New("not today")
			}
			return do()
		}
		l := &told{began: time.Now()}
		_, _ = b.Reconcile(binder.WithOutcomes(t.Context(), l.tell), "i-1", "i-2")
		if got := l.sorted(); !slices.Equal(got, []string{"i-1 failed after 0s", "i-2 failed after 0s"}) {
			t.Errorf("told %q", got)
		}
		w.hook = nil
		ctx, cancel := context.WithCancel(t.Context())
		w.hook = func(call string, do func() error) error {
			if call == "store.Get" {
				defer cancel()
			}
			return do()
		}
		l = &told{began: time.Now()}
		_, _ = b.Reconcile(binder.WithOutcomes(ctx, l.tell), "i-1")
		if got := l.sorted(); !slices.Equal(got, []string{"i-1 not-ready after 0s"}) {
			t.Errorf("told %q", got)
		}
	})
}

// A Mux tells whose they are, each once.
func TestMuxOutcomesAreTold(t *testing.T) {
	shared(t, func(t *testing.T, w *muxWorld) {
		m := w.mux()
		ids := w.launchEach()
		for _, call := range []func(context.Context) []binder.Outcome{
			func(ctx context.Context) []binder.Outcome {
				o, _ := m.Reconcile(ctx, append(ids, "i-none")...)
				return o
			},
			func(ctx context.Context) []binder.Outcome { r, _ := m.Sweep(ctx); return r.Outcomes },
		} {
			var mu sync.Mutex
			var early []string
			line := func(o binder.Outcome) string { return o.InstanceID + " " + o.Profile + " " + string(o.Status) }
			all := call(binder.WithOutcomes(t.Context(), func(o binder.Outcome) {
				mu.Lock()
				defer mu.Unlock()
				early = append(early, line(o))
			}))
			var returned []string
			for _, o := range all {
				returned = append(returned, line(o))
			}
			slices.Sort(early)
			slices.Sort(returned)
			if len(early) < 3 || !slices.Equal(early, returned) {
				t.Errorf("told %q, returned %q", early, returned)
			}
		}
	})
}
