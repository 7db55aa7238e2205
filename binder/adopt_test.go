package binder_test

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// withRows is a store with rows that another system has written.
type withRows struct {
	store.Store
	rows   []store.Row
	broken error
}

func (s withRows) Rows(context.Context) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		for _, row := range s.rows {
			if !yield(row, nil) {
				return
			}
		}
		if s.broken != nil {
			yield(store.Row{}, s.broken)
		}
	}
}

// Adopt keeps no flag: what it is given shows in the version.
func (s withRows) Adopt(ctx context.Context, r store.Record) (store.Record, error) {
	if r.Phase != store.Bound {
		return store.Record{}, store.ErrInvalid
	}
	return s.Put(ctx, r)
}

// heir is a binder that comes after another system.
func (w *world) heir(s store.Store, optFns ...func(*binder.Options)) *binder.Binder {
	w.t.Helper()
	b, err := binder.New(binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: dnspolicy.PerAddress(dnspolicy.DottedIP()), Zone: w.zone, Store: s},
		append([]func(*binder.Options){func(o *binder.Options) { o.Suffix = suffix }}, optFns...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// associate gives the address to the instance as another system does.
func (w *world) associate(n int, instanceID string) {
	w.t.Helper()
	found, err := w.fleet.Describe(w.t.Context(), instanceID)
	if err != nil || len(found) != 1 {
		w.t.Fatalf("%v, %v", found, err)
	}
	target := eippool.Target{InstanceID: instanceID, NetworkInterfaceID: found[0].NetworkInterfaceID}
	if _, err := w.pool.Associate(w.t.Context(), w.addresses()[n].AllocationID, target); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) publish(name, ip string) {
	w.t.Helper()
	set := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: name, Type: "A"}, TTL: time.Minute, Values: []string{ip}}
	if _, err := w.zone.Apply(w.t.Context(), []dnspolicy.Change{dnspolicy.Create(set)}); err != nil {
		w.t.Fatal(err)
	}
}

func reasons(all []binder.Adopted) []string {
	var lines []string
	for _, a := range all {
		lines = append(lines, strings.TrimSpace(strings.Join([]string{a.Profile, a.IP.String(), a.InstanceID, a.Name, a.Reason}, " ")))
	}
	return lines
}

// Each way in which an address may be found; afterwards, sweeps have nothing to
// report but what was left.
func TestAdopt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 8)
		ip := func(n int) string { return w.addresses()[n].IP.String() }
		dotted := func(n int) string { return ip(n) + "." + suffix }
		for n, id := range []string{"i-row", "i-name", "i-planned", "i-taken"} {
			w.launch(id)
			w.associate(n, id)
		}
		w.launchIn("i-stopped", binder.Stopped)
		w.associate(4, "i-stopped")
		w.publish("sfu-1."+suffix, ip(0))
		w.publish("other."+suffix, ip(0)) // not the row's
		w.publish("sfu-2."+suffix, ip(1))
		w.publish(dotted(3), "192.0.2.9")
		w.publish("sfu-5."+suffix, ip(5))
		w.publish("sfu-6."+suffix, ip(5))
		s := withRows{Store: w.store, rows: []store.Row{
			{IP: w.addresses()[0].IP, Name: "sfu-1." + suffix, Allocated: true, AssociationID: w.addresses()[0].AssociationID},
			{IP: w.addresses()[6].IP, Name: dotted(6)},
		}}
		b := w.heir(s)
		for _, dry := range []bool{true, false} {
			all, err := b.Adopt(t.Context(), func(o *binder.AdoptOptions) { o.DryRun = dry })
			if err != nil || all.DryRun != dry {
				t.Fatalf("%+v, %v", all, err)
			}
			want := []string{
				ip(0) + " i-row sfu-1." + suffix + " bound",
				ip(1) + " i-name sfu-2." + suffix + " bound",
				ip(2) + " i-planned " + dotted(2) + " bound; the next sweep publishes its name",
				ip(5) + "  sfu-5." + suffix + " free; its name stays with it until a sweep decides; also sfu-6." + suffix,
				ip(6) + "   free; its row goes with the next sweep",
			}
			if diff := cmp.Diff(want, reasons(all.Taken)); diff != "" {
				t.Errorf("dry %t: taken (-want +got):\n%s", dry, diff)
			}
			left := reasons(all.Left)
			if len(left) != 2 || !strings.Contains(left[0], ip(3)+" i-taken") || !strings.Contains(left[0], "points elsewhere") ||
				!strings.Contains(left[1], ip(4)+" i-stopped") || !strings.Contains(left[1], "instance is stopped") {
				t.Errorf("dry %t: left %q", dry, left)
			}
			if n := len(w.records()); dry && n != 0 {
				t.Errorf("a dry run wrote %d records", n)
			}
		}
		var report binder.Report
		for range 3 {
			report, _ = b.Sweep(t.Context()) // fails for i-taken
			time.Sleep(10 * time.Minute)
		}
		names := w.names()
		for name, there := range map[string]bool{
			"sfu-1." + suffix: true, "sfu-2." + suffix: true, dotted(2): true, "sfu-5." + suffix: false, "sfu-6." + suffix: false, "other." + suffix: true,
		} {
			if slices.Contains(names, name) != there {
				t.Errorf("%s is published: %t, want %t", name, !there, there)
			}
		}
		for _, f := range report.Findings {
			if f.InstanceID != "i-taken" && f.InstanceID != "i-stopped" && f.Name != dotted(3) && f.Name != "other."+suffix && f.AllocationID != "eipalloc-003" && f.AllocationID != "eipalloc-004" {
				t.Errorf("a finding about what was adopted: %+v", f)
			}
		}
	})
}

// An instance with two addresses keeps the first; the other is left, and so is
// one whose instance has a record by now.
func TestAdoptOneAddressOfAnInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
		held := slices.IndexFunc(w.addresses(), eippool.Address.Associated)
		all, err := w.heir(w.store).Adopt(t.Context())
		if err != nil || len(all.Taken)+len(all.Left) != 0 {
			t.Errorf("what a record is about: %+v, %v", all, err)
		}
		r := w.records()[0]
		r.Phase, r.InstanceID, r.Name, r.AllocationID, r.Version, r.WriteID = store.Reserved, "i-1", "x."+suffix, "eipalloc-x", 0, "w"
		fresh := newWorld(t, 2)
		fresh.launch("i-1")
		fresh.associate(held, "i-1")
		if _, err := fresh.store.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		all, err = fresh.heir(fresh.store).Adopt(t.Context())
		if err != nil || len(all.Taken) != 0 || len(all.Left) != 1 || !strings.Contains(all.Left[0].Reason, "another address") {
			t.Errorf("an instance that a record is about: %+v, %v", all, err)
		}
	})
}

// With names that stay, an adopted one stays if it is the policy's.
func TestAdoptKeepsNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		name := w.addresses()[0].IP.String() + "." + suffix
		w.publish(name, w.addresses()[0].IP.String())
		b := w.heir(w.store, func(o *binder.Options) { o.KeepNames = true })
		if all, err := b.Adopt(t.Context()); err != nil || len(all.Taken) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		if n, err := b.Prewarm(t.Context()); err != nil || n != 0 {
			t.Errorf("prewarmed %d, %v, want the name that was there", n, err)
		}
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if names := w.names(); !slices.Equal(names, []string{name}) {
			t.Errorf("names: %v", names)
		}
	})
}

// A read that fails, and a pause, end it before anything is written.
func TestAdoptThatIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.associate(0, "i-1")
		broken := errors.New("broken")
		if _, err := w.heir(withRows{Store: w.store, broken: broken}).Adopt(t.Context()); !errors.Is(err, broken) {
			t.Errorf("rows that cannot be read: %v", err)
		}
		if err := w.store.Pause(t.Context(), "migration"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.heir(w.store).Adopt(t.Context()); !errors.Is(err, binder.ErrPaused) {
			t.Errorf("paused: %v", err)
		}
		if all, err := w.heir(w.store).Adopt(t.Context(), func(o *binder.AdoptOptions) { o.DryRun = true }); err != nil || len(all.Taken) != 1 {
			t.Errorf("paused, dry run: %+v, %v", all, err)
		}
		if n := len(w.records()); n != 0 {
			t.Errorf("%d records were written", n)
		}
		if err := w.store.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.hook = func(call string, do func() error) error {
			if call == "store.Put" {
				return broken
			}
			return do()
		}
		b := w.binderWith(dnspolicy.PerAddress(dnspolicy.DottedIP()))
		var failed *binder.Error
		if all, err := b.Adopt(t.Context()); !errors.As(err, &failed) || failed.Step != "adopt" || failed.AllocationID != "eipalloc-000" || len(all.Taken) != 0 {
			t.Errorf("a write that fails: %+v, %v", all, err)
		}
	})
}

// Each profile adopts from its own pool; a row is left if no pool has its address.
func TestMuxAdopts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, true)
		addresses, err := w.pools["voice"].List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := w.fleet.Launch(binder.Instance{ID: "i-1", State: binder.Running, Tags: map[string]string{nodepool: "voice"}})
		if _, err := w.pool.Associate(t.Context(), addresses[0].AllocationID, eippool.Target{InstanceID: "i-1", NetworkInterfaceID: i.NetworkInterfaceID}); err != nil {
			t.Fatal(err)
		}
		s := withRows{Store: w.stores["media"], rows: []store.Row{
			{IP: addresses[0].IP, Name: "sfu.voice.example.com."}, {IP: addresses[0].IP.Prev().Prev(), Name: "x.example.com."}, {IP: eippool.Address{}.IP, Name: "odd."},
		}}
		profiles := w.profiles()
		for n := range profiles {
			profiles[n].Backends.Store = &s
		}
		m, err := binder.NewMux(w.fleet, profiles)
		if err != nil {
			t.Fatal(err)
		}
		all, err := m.Adopt(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantTaken := []string{"voice " + addresses[0].IP.String() + " i-1 sfu.voice.example.com. bound; the next sweep publishes its name"}
		if diff := cmp.Diff(wantTaken, reasons(all.Taken)); diff != "" {
			t.Errorf("taken (-want +got):\n%s", diff)
		}
		wantLeft := []string{"invalid IP  odd. row of an address that is not in the pool", "203.0.113.8  x.example.com. row of an address that is not in the pool"}
		if diff := cmp.Diff(wantLeft, reasons(all.Left)); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
	})
}

// Rows of addresses that have a record are a sweep's, not "of no address".
func TestAdoptAgainBeforeASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		b := w.heir(withRows{Store: w.store, rows: []store.Row{{IP: w.addresses()[0].IP, Name: "sfu-1." + suffix}}})
		for taken := 1; taken >= 0; taken-- {
			all, err := b.Adopt(t.Context())
			if err != nil || len(all.Taken) != taken || len(all.Left) != 0 {
				t.Errorf("taken %q, left %q, %v; want %d taken", reasons(all.Taken), reasons(all.Left), err, taken)
			}
		}
	})
}

// The name of the row is the one that schedule servers have acquired, whatever
// else points at the address.
func TestAdoptTakesTheRowsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.associate(0, "i-1")
		a := w.addresses()[0]
		w.publish("static."+suffix, a.IP.String())
		row := store.Row{IP: a.IP, Name: "sfu-1." + suffix, AssociationID: a.AssociationID, Allocated: true}
		for _, allocated := range []bool{true, false} {
			all, err := w.heir(withRows{Store: w.store, rows: []store.Row{row}}).Adopt(t.Context(), func(o *binder.AdoptOptions) { o.DryRun = true })
			if err != nil || len(all.Taken) != 1 || all.Taken[0].Name != row.Name || all.Taken[0].Allocated != allocated {
				t.Errorf("%+v, %v; want the row's name, and the flag %t", all, err, allocated)
			}
			row.AssociationID = "eipassoc-0" // an earlier worker's
		}
	})
}

// Profiles on stores of their own: a row is left if no pool on its store has its
// address.
func TestMuxAdoptsFromEachStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, false)
		profiles := w.profiles()
		for n := range profiles {
			s := withRows{Store: profiles[n].Backends.Store}
			if n == 0 {
				s.rows = []store.Row{{IP: netip.MustParseAddr("198.51.100.1"), Name: "x.example.com."}}
			}
			profiles[n].Backends.Store = &s
		}
		m, err := binder.NewMux(w.fleet, profiles)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := m.Adopt(t.Context()); err != nil || len(all.Left) != 1 {
			t.Errorf("%+v, %v; want one row left", all, err)
		}
	})
}
