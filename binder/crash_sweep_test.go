package binder_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

// removal is a sweep that takes names back, and what is left in the end.
type removal struct {
	name    string
	binder  func(*world) *binder.Binder
	before  func(*testing.T, *world, *binder.Binder)
	names   []string
	records int
}

func removals() []removal {
	kept := func(w *world) *binder.Binder { return w.keeper() }
	plain := func(w *world) *binder.Binder { return w.binder() }
	dotted := func(w *world) *binder.Binder {
		return w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()), func(o *binder.Options) { o.KeepNames = true })
	}
	longTTL := func(w *world) *binder.Binder {
		return w.keeper(func(o *binder.Options) { o.TTL = 5 * time.Minute })
	}
	first, second := "ip-203-0-113-0."+suffix, "ip-203-0-113-1."+suffix
	warm := func(t *testing.T, w *world, _ *binder.Binder) {
		if _, err := kept(w).Prewarm(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
	}
	return []removal{
		{"the policy was changed", dotted, warm, []string{"203.0.113.0." + suffix, "203.0.113.1." + suffix}, 2},
		{"the TTL was changed", longTTL, warm, []string{first, second}, 2},
		{"names are not kept any more", plain, warm, nil, 2},
		{"an address left the account", kept, func(t *testing.T, w *world, b *binder.Binder) {
			warm(t, w, b)
			w.pool.Remove("eipalloc-001")
			sweep(t, b)
			time.Sleep(10 * time.Minute)
		}, []string{first}, 1},
		{"an address left the pool", kept, func(t *testing.T, w *world, b *binder.Binder) {
			warm(t, w, b)
			w.pool.SetTags("eipalloc-001", nil)
			sweep(t, b)
			time.Sleep(10 * time.Minute)
		}, []string{first}, 2},
		{"a name is left over", plain, func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Running)(t, w, b)
			orphan := w.published("i-1")
			w.fleet.SetState("i-1", binder.Terminated)
			want(t, reconcile(t, b, "i-1"), binder.Unbound)
			time.Sleep(10 * time.Minute)
			if err := w.zone.Set(orphan); err != nil {
				t.Fatal(err)
			}
		}, nil, 1},
	}
}

// A sweep that takes names back may die at any external call. The next ones
// finish it: no name is left, none is lost.
func TestEveryCrashPointOfARemoval(t *testing.T) {
	everyCrashPoint(t, removals(), 100, removal.crashesAt)
}

// crashesAt lets the sweep die at the k-th call, and reports whether it got
// that far.
func (s removal) crashesAt(t *testing.T, k int, how crash) (reached bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newTaggedWorld(t, 2)
		label := fmt.Sprintf("%s, call %d, %s", s.name, k, how)
		b := s.binder(w)
		s.before(t, w, b)
		if n := len(verbs(s.dry(t, w))); n == 0 {
			t.Fatalf("%s: there is nothing to do", label)
		}
		reached = w.crashAt(t, label, k, how, func() { _, _ = b.Sweep(t.Context()) })
		for range 4 { // a lost call may make one fail, but not the last
			_, _ = s.binder(w).Sweep(t.Context())
			time.Sleep(7 * time.Minute)
		}
		s.check(t, w, label)
	})
	return reached
}

func (s removal) dry(t *testing.T, w *world) binder.Report {
	r, err := s.binder(w).Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s removal) check(t *testing.T, w *world, label string) {
	if r := sweep(t, s.binder(w)); len(r.Findings)+len(r.Actions) > 0 {
		t.Errorf("%s: still to do or to report: %+v %+v", label, r.Actions, r.Findings)
	}
	if names := w.names(); fmt.Sprint(names) != fmt.Sprint(s.names) {
		t.Errorf("%s: names %v, want %v", label, names, s.names)
	}
	for _, name := range s.names {
		if _, synced := w.zone.Resolve(dnspolicy.RRKey{Name: name, Type: "A"}); !synced {
			t.Errorf("%s: %s does not resolve", label, name)
		}
	}
	if n := len(w.records()); n != s.records {
		t.Errorf("%s: %d records, want %d: %+v", label, n, s.records, w.records())
	}
	for _, r := range w.records() {
		if r.Owner != "" || r.InstanceID != "" {
			t.Errorf("%s: left: %+v", label, r)
		}
	}
	if err := w.checkInvariants(); err != nil {
		t.Errorf("%s: %v", label, err)
	}
}
