package binder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// What schedules have found, each in its shortest form.

// before makes something happen just before the next call of this name.
func (w *world) before(name string, happen func()) {
	w.hook = func(call string, do func() error) error {
		if call == name {
			w.hook = nil
			happen()
		}
		return do()
	}
}

// Between the instance's description and the reading of its record, another
// worker takes the address away: the description is old then, and no reason to
// say that a stranger holds the interface.
func TestAnAddressThatIsGoneByNowIsNoStrangers(t *testing.T) {
	for _, again := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			bindThen(binder.Running)(t, w, w.binder())
			w.before("store.Paused", func() {
				o, err := w.binder().Unbind(t.Context(), "i-1", func(o *binder.UnbindOptions) { o.Force = true })
				if err != nil {
					t.Fatal(err)
				}
				want(t, o, binder.Unbound)
				if again { // and yet another binds it, once this one has read that there is no record
					w.before("pool.List", func() { untilDone(t, w.binder(), "i-1", binder.Bound) })
				}
			})
			want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
			untilDone(t, w.binder(), "i-1", binder.Bound, binder.AlreadyBound)
			w.mustHold(t, 1)
		})
	}
}

// A process that is suspended for longer than the grace, with an instance in
// mind that was stopped, has not seen it stopped twice.
func TestOneLookIsNoConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		bindThen(binder.Stopped)(t, w, w.binder())
		w.before("store.Put", func() {
			w.fleet.SetState("i-1", binder.Running)
			time.Sleep(11 * time.Minute)
		})
		want(t, reconcile(t, w.binder(), "i-1"), binder.NotReady)
		w.mustHold(t, 1)
		want(t, reconcile(t, w.binder(), "i-1"), binder.AlreadyBound)
		if r := w.record("i-1"); r == nil || !r.Visible() {
			t.Errorf("record is %+v", r)
		}
	})
}
