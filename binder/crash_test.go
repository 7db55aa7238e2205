package binder_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

var errCrash = errors.New("the process is dead")

// A process may die at any external call: before the call took effect, or
// after, with the reply lost. Whoever comes next must finish the work.
func TestEveryCrashPoint(t *testing.T) {
	dashed := func(w *world) *binder.Binder {
		return w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), func(o *binder.Options) { o.KeepNames = true })
	}
	scenarios := []struct {
		name   string
		binder func(*world) *binder.Binder
		before func(*testing.T, *world, *binder.Binder) // undisturbed
		after  binder.Status                            // what recovery must reach
	}{
		{"bind", (*world).plainBinder, func(_ *testing.T, w *world, _ *binder.Binder) { w.launch("i-1") }, binder.AlreadyBound},
		{"bind with a kept name", dashed, func(_ *testing.T, w *world, _ *binder.Binder) { w.launch("i-1") }, binder.AlreadyBound},
		{"terminate", (*world).plainBinder, bindThen(binder.Terminated), binder.Gone},
		{"shut down", (*world).plainBinder, bindThen(binder.ShuttingDown), binder.Gone},
		{"terminate with a kept name", dashed, bindThen(binder.Terminated), binder.Gone},
		{"stop", (*world).plainBinder, bindThen(binder.Stopped), binder.Ineligible},
	}
	points := 0
	for _, s := range scenarios {
		for _, lost := range []bool{false, true} {
			for k := 1; ; k++ {
				reached := false
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, 2)
					b := s.binder(w)
					s.before(t, w, b)
					label := fmt.Sprintf("%s, call %d, reply lost: %v", s.name, k, lost)
					reached = w.crashAt(t, label, k, lost, func() { _, _ = b.Reconcile(t.Context(), "i-1") })
					w.recover(t, label, s.binder(w), s.after)
				})
				if !reached {
					break
				}
				points++
			}
		}
	}
	t.Logf("%d crash points", points)
	if points < 60 {
		t.Errorf("only %d crash points: is the hook still in place?", points)
	}
}

func (w *world) plainBinder() *binder.Binder { return w.binder() }

func bindThen(s binder.State) func(*testing.T, *world, *binder.Binder) {
	return func(t *testing.T, w *world, b *binder.Binder) {
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", s)
	}
}

// crashAt runs the work in a process that dies at the k-th external call, and
// reports whether it got that far. The invariants must hold after every call.
func (w *world) crashAt(t *testing.T, label string, k int, lost bool, work func()) bool {
	n := 0
	w.hook = func(call string, do func() error) error {
		n++
		if n > k || n == k && !lost {
			return errCrash
		}
		err := do()
		if broken := w.checkInvariants(); broken != nil {
			t.Errorf("%s: after %s: %v", label, call, broken)
		}
		if n == k {
			return errCrash
		}
		return err
	}
	work()
	w.hook = nil
	return n >= k
}

// recover lets a fresh process come back as often as it is told to.
func (w *world) recover(t *testing.T, label string, b *binder.Binder, final binder.Status) {
	for range 20 {
		o := reconcile(t, b, "i-1")
		if err := w.checkInvariants(); err != nil {
			t.Errorf("%s: after recovery: %v", label, err)
		}
		if !o.Status.Waiting() && o.Status == final {
			w.checkNothingLost(t, label, final)
			return
		}
		time.Sleep(max(o.RetryAfter, time.Second))
	}
	t.Errorf("%s: recovery never reached %q: %+v", label, final, w.records())
}

func (w *world) checkNothingLost(t *testing.T, label string, final binder.Status) {
	associated := 0
	for _, a := range w.addresses() {
		if a.Associated() {
			associated++
		}
	}
	wanted, phase := 0, store.Free
	if final == binder.AlreadyBound {
		wanted, phase = 1, store.Bound
	}
	if associated != wanted {
		t.Errorf("%s: %d addresses are associated, want %d", label, associated, wanted)
	}
	for _, r := range w.records() {
		if r.Phase != phase || r.Owner != "" {
			t.Errorf("%s: record left in %+v", label, r)
		}
	}
	for _, name := range w.names() {
		if wanted == 0 && name == "i-1."+suffix {
			t.Errorf("%s: %s is left in the zone", label, name)
		}
	}
}
