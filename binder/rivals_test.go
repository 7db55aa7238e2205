package binder_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// rivals are binders of two deployments that give the same addresses the same names,
// each with a store of its own.
func (w *world) rivals() (first, second *binder.Binder) {
	w.t.Helper()
	policy := dnspolicy.PerAddress(dnspolicy.DottedIP())
	second, err := binder.New(binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: policy, Zone: w.zone, Store: memstore.New()},
		func(o *binder.Options) { o.Suffix, o.BinderID = suffix, "second" })
	if err != nil {
		w.t.Fatal(err)
	}
	return w.binderWith(policy), second
}

// isFaster lets the binder bind i-2 to the address that somebody else is about to
// associate.
func (w *world) isFaster(b *binder.Binder) {
	once := true
	w.hook = func(call string, do func() error) error {
		if call == "pool.Associate" && once {
			once = false
			w.launch("i-2")
			if o, err := b.Bind(w.t.Context(), "i-2"); err != nil || o.Status != binder.Bound {
				w.t.Errorf("%+v, %v", o, err)
			}
		}
		return do()
	}
}

// wantLeftAlone lets the other one sweep, for hours: the one name stays, and is
// reported.
func (w *world) wantLeftAlone(t *testing.T, other *binder.Binder) {
	t.Helper()
	for range 5 {
		time.Sleep(time.Hour)
		r, _ := other.Sweep(t.Context())
		if !slices.Contains(kinds(r), binder.FindingName) || slices.Contains(verbs(r), "remove-name") {
			t.Errorf("report: %+v", r)
		}
		if names := w.names(); len(names) != 1 {
			t.Fatalf("names: %v", names)
		}
	}
}

// Who loses the race for an address to another deployment leaves the name alone that
// the other one publishes for it.
func TestTheNameOfALostAddressStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		first, second := w.rivals()
		w.isFaster(second)
		if outcomes, _ := first.Reconcile(t.Context(), "i-1"); outcomes[0].Status == binder.Bound {
			t.Fatalf("%+v", outcomes)
		}
		time.Sleep(time.Hour)
		_, _ = first.Sweep(t.Context()) // which frees what was reserved
		w.wantLeftAlone(t, first)
	})
}

// It does, too, where the one that lost had died, and nobody knows what it did.
func TestTheNameOfAnAddressLostInDeathStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		first, second := w.rivals()
		dead := false
		w.hook = func(call string, do func() error) error {
			if dead = dead || call == "pool.Associate"; dead {
				return context.Canceled
			}
			return do()
		}
		_, _ = first.Reconcile(t.Context(), "i-1")
		w.hook = nil
		first, _ = w.rivals() // a new process
		w.launch("i-2")
		want(t, reconcile(t, second, "i-2"), binder.Bound)
		time.Sleep(2 * time.Minute) // its lease has ended, and a call of it may still land
		_, _ = first.Sweep(t.Context())
		time.Sleep(time.Hour)
		_, _ = first.Sweep(t.Context())
		w.wantLeftAlone(t, first)
	})
}

// Who had an address before another deployment has it leaves the name alone that it
// has by now, until nobody has the address any more.
func TestTheNameOfAFormerAddressStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		first, second := w.rivals()
		w.launch("i-1")
		want(t, reconcile(t, first, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, first, "i-1"), binder.Unbound)
		w.launch("i-2")
		want(t, reconcile(t, second, "i-2"), binder.Bound)
		w.wantLeftAlone(t, first)

		w.fleet.SetState("i-2", binder.Terminated) // and nobody else sees to its name
		if r := sweep(t, first); !slices.Equal(verbs(r), []string{"remove-name"}) || len(w.names()) != 0 {
			t.Errorf("report: %+v, names: %v", r, w.names())
		}
	})
}

// So does one that has the address since the sweep has looked at it.
func TestTheNameOfAnAddressJustTakenStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		first, second := w.rivals()
		w.launch("i-1")
		want(t, reconcile(t, first, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, first, "i-1"), binder.Unbound)
		w.launchIn("i-2", binder.Pending)
		w.hook = func(call string, do func() error) error {
			if call == "zone.List" {
				w.fleet.SetState("i-2", binder.Running)
				want(t, reconcile(t, second, "i-2"), binder.Bound)
			}
			return do()
		}
		if r, _ := first.Sweep(t.Context()); !slices.Contains(verbs(r), "remove-name") || len(w.names()) != 1 {
			t.Errorf("report: %+v, names: %v", r, w.names())
		}
	})
}

// A name that was kept for the address before is still removed when the race for it
// was lost: nobody would know of it afterwards.
func TestAKeptNameOfALostAddressGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		keep := func(o *binder.Options) { o.KeepNames = true }
		before := w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), keep)
		w.launch("i-1")
		want(t, reconcile(t, before, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, before, "i-1"), binder.Unbound)
		time.Sleep(time.Hour)
		now := w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()), keep)
		w.launch("i-2")
		w.launch("i-3")
		found, err := w.fleet.Describe(t.Context(), "i-3")
		if err != nil {
			t.Fatal(err)
		}
		stolen := ""
		w.hook = func(call string, do func() error) (err error) {
			if call == "pool.Associate" && stolen == "" {
				target := eippool.Target{InstanceID: "i-3", NetworkInterfaceID: found[0].NetworkInterfaceID}
				if stolen, err = w.pool.Associate(t.Context(), w.addresses()[0].AllocationID, target); err != nil {
					t.Error(err)
				}
			}
			return do()
		}
		_, _ = now.Reconcile(t.Context(), "i-2")
		w.hook = nil
		w.fleet.SetState("i-2", binder.Terminated)
		w.fleet.SetState("i-3", binder.Terminated)
		for range 3 {
			time.Sleep(time.Hour)
			_, _ = now.Sweep(t.Context())
		}
		if err := w.pool.Disassociate(t.Context(), stolen); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(time.Hour)
			_, _ = now.Sweep(t.Context())
		}
		if names := w.names(); slices.Contains(names, "ip-203-0-113-0."+suffix+".") || len(names) > 1 {
			t.Errorf("names: %v", names)
		}
	})
}

// Who loses the race for an address leaves its reverse name alone.
func TestTheReverseNameOfALostAddressStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		first := w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()), func(o *binder.Options) { o.ReverseNames = true })
		_, second := w.rivals()
		w.isFaster(second)
		race, cleared := w.hook, false
		w.hook = func(call string, do func() error) error {
			cleared = cleared || call == "pool.ClearReverseName"
			return race(call, do)
		}
		_, _ = first.Reconcile(t.Context(), "i-1")
		time.Sleep(time.Hour)
		_, _ = first.Sweep(t.Context())
		if names := w.names(); cleared || len(names) != 1 { // the other one's
			t.Errorf("cleared: %t, names: %v", cleared, names)
		}
	})
}
