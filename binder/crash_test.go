package binder_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

var errCrash = errors.New("the process is dead")

// crash says how a process dies at an external call.
type crash string

const (
	beforeCall crash = "before the call"
	lostReply  crash = "after the call, without its reply"
	lateEffect crash = "the call takes effect four minutes later"
)

// scenario is work that a process dies of, and what must come of it.
type scenario struct {
	name   string
	binder func(*world) *binder.Binder
	before func(*testing.T, *world, *binder.Binder) // undisturbed
	work   func(*testing.T, *binder.Binder)
	final  binder.Status // of the reconciles that follow
}

// damaged is the scenario that begins with somebody's hand edit, which only
// sweeps see: the invariants hold again after these.
const damaged = "sweep that repairs a name"

func scenarios() []scenario {
	plain := func(w *world) *binder.Binder { return w.binder() }
	kept := func(w *world) *binder.Binder {
		return w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), func(o *binder.Options) { o.KeepNames = true })
	}
	rich := func(w *world) *binder.Binder {
		return w.binderWith(dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DashedIP()), recorder{dnspolicy.InstanceID()}), func(o *binder.Options) {
			o.KeepNames, o.ReverseNames = true, true
		})
	}
	reversed := func(w *world) *binder.Binder {
		return w.binder(func(o *binder.Options) { o.ReverseNames = true })
	}
	launch := func(_ *testing.T, w *world, _ *binder.Binder) { w.launch("i-1") }
	nothing := func(*testing.T, *world, *binder.Binder) {}
	reconcileOne := func(t *testing.T, b *binder.Binder) { _, _ = b.Reconcile(t.Context(), "i-1") }
	sweepAll := func(t *testing.T, b *binder.Binder) { _, _ = b.Sweep(t.Context()) }
	return []scenario{
		{"bind", plain, launch, reconcileOne, binder.AlreadyBound},
		{"bind with a kept name", kept, launch, reconcileOne, binder.AlreadyBound},
		{"terminate", plain, bindThen(binder.Terminated), reconcileOne, binder.Gone},
		{"shut down", plain, bindThen(binder.ShuttingDown), reconcileOne, binder.Gone},
		{"terminate with a kept name", kept, bindThen(binder.Terminated), reconcileOne, binder.Gone},
		{"stop", plain, bindThen(binder.Stopped), reconcileOne, binder.Ineligible},
		{"start again", plain, func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Stopped)(t, w, b)
			want(t, reconcile(t, b, "i-1"), binder.NotReady)
			w.fleet.SetState("i-1", binder.Running)
		}, reconcileOne, binder.AlreadyBound},
		{"unbind by force", plain, bindThen(binder.Running), func(t *testing.T, b *binder.Binder) {
			_, _ = b.Unbind(t.Context(), "i-1", func(o *binder.UnbindOptions) { o.Force = true })
		}, binder.AlreadyBound},
		{"drain", plain, bindThen(binder.Running), func(t *testing.T, b *binder.Binder) { _, _ = b.Drain(t.Context(), "i-1") }, binder.AlreadyBound},
		{"bind with all records", rich, launch, reconcileOne, binder.AlreadyBound},
		{"terminate with all records", rich, bindThen(binder.Terminated), reconcileOne, binder.Gone},
		{"terminate with a reverse name", reversed, bindThen(binder.Terminated), reconcileOne, binder.Gone},
		{"prewarm", kept, launch, func(t *testing.T, b *binder.Binder) { _, _ = b.Prewarm(t.Context()) }, binder.AlreadyBound},
		{"sweep that prewarms", kept, nothing, sweepAll, binder.Gone},
		{"sweep that binds", plain, launch, sweepAll, binder.AlreadyBound},
		{"sweep that unbinds", plain, bindThen(binder.Terminated), sweepAll, binder.Gone},
		{damaged, plain, func(t *testing.T, w *world, b *binder.Binder) {
			bindThen(binder.Running)(t, w, b)
			w.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"})
		}, sweepAll, binder.AlreadyBound},
	}
}

func bindThen(s binder.State) func(*testing.T, *world, *binder.Binder) {
	return func(t *testing.T, w *world, b *binder.Binder) {
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if r := w.record("i-1"); r.Visible() { // a schedule server picks it
			if err := w.store.Acquire(t.Context(), r.AllocationID); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		w.fleet.SetState("i-1", s)
	}
}

// everyCrashPoint lets each scenario's process die at each of its external calls, in
// each way, until it does not get that far, and wants at least so many points.
func everyCrashPoint[S any](t *testing.T, scenarios []S, least int, dies func(S, *testing.T, int, crash) (reached bool)) {
	t.Helper()
	points := 0
	for _, s := range scenarios {
		for _, how := range []crash{beforeCall, lostReply, lateEffect} {
			for k := 1; dies(s, t, k, how); k++ {
				points++
			}
		}
	}
	t.Logf("%d crash points in %d scenarios", points, len(scenarios))
	if points < least {
		t.Errorf("only %d crash points: is the hook still in place?", points)
	}
}

// A process may die at any external call: before the call took effect, after
// it with the reply lost, or with the call still under way. Whoever comes next
// must finish the work.
func TestEveryCrashPoint(t *testing.T) { everyCrashPoint(t, scenarios(), 250, scenario.recovers) }

func (s scenario) recovers(t *testing.T, k int, how crash) (reached bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		label := fmt.Sprintf("%s, call %d, %s", s.name, k, how)
		b := s.binder(w)
		s.before(t, w, b)
		reached = w.crashAt(t, label, k, how, func() { s.work(t, b) })
		w.recover(t, label, s.binder(w), s.final)
	})
	return reached
}

// crashAt runs the work in a process that dies at the k-th external call, and
// reports whether it got that far. The invariants must hold after every call.
func (w *world) crashAt(t *testing.T, label string, k int, how crash, work func()) bool {
	var calls atomic.Int64 // of goroutines that may run at once
	var mu sync.Mutex
	x := &watch{w: w}
	if err := x.check(true); err != nil && !strings.HasPrefix(label, damaged) { // what there is before
		t.Errorf("%s: at the start: %v", label, err)
	}
	w.hook = func(call string, do func() error) error {
		n := int(calls.Add(1))
		switch {
		case n > k || n == k && how == beforeCall:
			return errCrash
		case n == k && how == lateEffect:
			go func() {
				time.Sleep(4 * time.Minute)
				_ = do() // nobody is left to hear of an error
			}()
			return errCrash
		}
		err := do()
		mu.Lock()
		defer mu.Unlock()
		if broken := x.check(strings.Contains(label, "force")); broken != nil && !strings.HasPrefix(label, damaged) {
			t.Errorf("%s: after %s: %v", label, call, broken)
		}
		if n == k {
			return errCrash
		}
		return err
	}
	work()
	w.hook = nil
	return int(calls.Load()) >= k
}

// recover lets fresh processes come back as often as they are told to, and
// then sweep three times: nothing may be left of the dead one.
func (w *world) recover(t *testing.T, label string, b *binder.Binder, final binder.Status) {
	reached := false
	for range 20 {
		o := reconcile(t, b, "i-1")
		if err := w.checkInvariants(); err != nil && !strings.HasPrefix(label, damaged) {
			t.Errorf("%s: after recovery: %v", label, err)
		}
		if reached = o.Status == final; reached {
			break
		}
		time.Sleep(max(o.RetryAfter, time.Second))
	}
	if !reached {
		t.Errorf("%s: recovery never reached %q: %+v", label, final, w.records())
		return
	}
	time.Sleep(5 * time.Minute) // whatever was under way has landed
	for range 3 {
		sweep(t, b)
		time.Sleep(5 * time.Minute)
	}
	if err := w.checkInvariants(); err != nil {
		t.Errorf("%s: after three sweeps: %v", label, err)
	}
	w.checkNothingLost(t, label, final)
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
	held := 0
	for _, r := range w.records() {
		if r.Phase == phase {
			held++
		} else if r.Phase != store.Free {
			t.Errorf("%s: record left in %+v", label, r)
		}
		if r.Owner != "" {
			t.Errorf("%s: lease left in %+v", label, r)
		}
	}
	if held < wanted {
		t.Errorf("%s: no record is %s", label, phase)
	}
	for set, err := range w.zone.List(t.Context()) {
		if wanted == 0 && (err != nil || set.Name == "i-1."+suffix || set.Type == "TXT") {
			t.Errorf("%s: %v is left in the zone, %v", label, set, err)
		}
	}
	for _, a := range w.addresses() {
		if name := w.pool.ReverseName(a.AllocationID); wanted == 0 && name == "i-1."+suffix {
			t.Errorf("%s: %s still has the reverse name %s", label, a.IP, name)
		}
	}
}
