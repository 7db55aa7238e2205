package binder_test

import (
	"encoding/json"
	"errors"
	"fmt"
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

func sweep(t *testing.T, b *binder.Binder) binder.Report {
	t.Helper()
	r, err := b.Sweep(t.Context())
	if err != nil {
		t.Fatalf("Sweep: %v", err)
	}
	return r
}

// verbs lists the report's actions as "verb instance".
func verbs(r binder.Report) []string {
	var out []string
	for _, a := range r.Actions {
		out = append(out, strings.TrimSpace(a.Verb+" "+a.InstanceID))
	}
	return out
}

func kinds(r binder.Report) []binder.FindingKind {
	var out []binder.FindingKind
	for _, f := range r.Findings {
		out = append(out, f.Kind)
	}
	return out
}

func TestSweepDoesWhatLostEventsWouldHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		b := w.binder()
		for _, id := range []string{"i-1", "i-2"} {
			w.launch(id)
			want(t, reconcile(t, b, id), binder.Bound)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		w.launch("i-3")
		w.fleet.Launch(binder.Instance{ID: "i-stranger", State: binder.Running})

		before := fmt.Sprint(w.records(), w.names(), w.addresses())
		dry, err := b.Sweep(t.Context(), func(o *binder.SweepOptions) { o.DryRun = true })
		if err != nil || !dry.DryRun || dry.Outcomes != nil {
			t.Fatalf("dry run: %+v, %v", dry, err)
		}
		if got := verbs(dry); !slices.Equal(got, []string{"unbind i-1", "bind i-3"}) {
			t.Errorf("planned %v", got)
		}
		if after := fmt.Sprint(w.records(), w.names(), w.addresses()); after != before {
			t.Errorf("a dry run changed something:\n%s\n%s", before, after)
		}
		if _, err := json.Marshal(dry); err != nil {
			t.Error(err)
		}
		var text strings.Builder
		if err := dry.WriteText(&text); err != nil || !strings.Contains(text.String(), "unbind") {
			t.Errorf("text: %q, %v", text.String(), err)
		}

		sweep(t, b)
		w.mustHold(t, 2)
		if names := w.names(); !slices.Equal(names, []string{"i-2." + suffix, "i-3." + suffix}) {
			t.Errorf("names: %v", names)
		}
		again := sweep(t, b)
		if len(again.Actions)+len(again.Findings) != 0 {
			t.Errorf("the second sweep found %+v", again)
		}
	})
}

func TestSweepFinishesWhatADeadProcessLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		w.crashAt(t, "bind", 7, lostReply, func() { _, _ = w.binder().Reconcile(t.Context(), "i-1") })
		if r := sweep(t, w.binder()); r.Outcomes[0].Status != binder.Busy {
			t.Errorf("the lease is live, but %+v", r.Outcomes)
		}
		time.Sleep(time.Minute)
		if r := sweep(t, w.binder()); r.Outcomes[0].Status != binder.Bound {
			t.Errorf("outcomes: %+v", r.Outcomes)
		}
		w.mustHold(t, 1)
	})
}

func TestSweepRepairsAMissingName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if err := w.store.Acquire(t.Context(), "eipalloc-000"); err != nil {
			t.Fatal(err)
		}
		association := w.record("i-1").AssociationID
		w.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"})
		if r := sweep(t, b); !slices.Equal(verbs(r), []string{"repair i-1"}) {
			t.Errorf("planned %v", verbs(r))
		}
		if r := w.record("i-1"); !r.Visible() || !r.Allocated || r.AssociationID != association || len(w.names()) != 1 {
			t.Errorf("record: %+v, names: %v", r, w.names())
		}
	})
}

func TestSweepRemovesAnOrphanThatARecordExplains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		orphan := aRecord("i-1."+suffix, "203.0.113.0")
		orphan.TTL = time.Minute
		if err := w.zone.Set(orphan); err != nil { // a late call, say
			t.Fatal(err)
		}
		if r := sweep(t, b); !slices.Equal(verbs(r), []string{"remove-name"}) || len(r.Findings) != 0 {
			t.Errorf("report: %+v", r)
		}
		if names := w.names(); len(names) != 0 {
			t.Errorf("names left: %v", names)
		}
	})
}

func TestSweepReportsAndNeverTouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.launch("i-1")
		var drift []binder.Event
		b := w.binder(func(o *binder.Options) { o.Observer = drifts(&drift) })
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		held := w.record("i-1").AllocationID
		free := slices.DeleteFunc(w.addresses(), eippool.Address.Associated)

		stolen := free[0]
		stolen.NetworkInterfaceID, stolen.InstanceID = "eni-stranger", "i-stranger"
		w.pool.Add(stolen)
		for name, ip := range map[string]string{"nobody": free[1].IP.String(), "dangling": "192.0.2.77", "i-1": "192.0.2.1"} {
			if err := w.zone.Set(aRecord(name+"."+suffix, ip)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.zone.Set(aRecord("outside.example.com.", "192.0.2.78")); err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprint(w.names(), w.addresses(), w.record("i-1"))
		report, err := b.Sweep(t.Context())
		if !errors.Is(err, binder.ErrDrift) {
			t.Errorf("Sweep: %v", err)
		}
		if got := kinds(report); !slices.Equal(got, []binder.FindingKind{
			binder.FindingDangling, binder.FindingConflict, binder.FindingAssociation, binder.FindingName,
		}) {
			t.Errorf("found %v: %+v", got, report.Findings)
		}
		if after := fmt.Sprint(w.names(), w.addresses(), w.record("i-1")); after != before {
			t.Errorf("something was touched:\n%s\n%s", before, after)
		}
		if len(drift) < 4 {
			t.Errorf("the observer heard only %+v", drift)
		}
		if r := w.record("i-1"); r.AllocationID != held || !r.Visible() {
			t.Errorf("record: %+v", r)
		}
	})
}

// An association call that lands after its binding was taken back leaves the
// address on its last instance: the Free record explains it.
func TestSweepBindsALateAssociation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		bound := *w.record("i-1")
		time.Sleep(10 * time.Minute)
		if _, err := b.Unbind(t.Context(), "i-1", func(o *binder.UnbindOptions) { o.Force = true }); err != nil {
			t.Fatal(err)
		}
		target := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: bound.NetworkInterfaceID}
		if _, err := w.pool.Associate(t.Context(), bound.AllocationID, target); err != nil {
			t.Fatal(err)
		}
		sweep(t, b)
		if r := w.record("i-1"); r != nil {
			t.Errorf("bound by what may be an old answer: %+v", r)
		}
		time.Sleep(10 * time.Minute)
		sweep(t, b)
		if r := w.record("i-1"); r == nil || !r.Visible() || r.AllocationID != bound.AllocationID {
			t.Errorf("record: %+v", r)
		}
		w.mustHold(t, 1)
	})
}

func TestSweepForgetsAddressesThatLeftTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), func(o *binder.Options) { o.KeepNames = true })
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		w.pool.Remove("eipalloc-000")
		sweep(t, b)
		if len(w.records()) != 1 || len(w.names()) != 1 {
			t.Errorf("forgotten at first sight: %v, %v", w.records(), w.names())
		}
		time.Sleep(7 * time.Minute) // longer than ConfirmAfter, and than a late call
		sweep(t, b)
		if len(w.records()) != 0 || len(w.names()) != 0 {
			t.Errorf("left: %v, %v", w.records(), w.names())
		}
	})
}

func TestSweepStopsBeforeItChangesAnything(t *testing.T) {
	broken := errors.New("throttled half-way")
	cases := map[string]struct {
		prepare func(*testing.T, *world)
		options []func(*binder.Options)
		want    error
	}{
		"a read fails": {func(_ *testing.T, w *world) {
			w.hook = func(call string, do func() error) error {
				if call == "pool.List" {
					return broken
				}
				return do()
			}
		}, nil, broken},
		"too many at once": {func(*testing.T, *world) {}, []func(*binder.Options){func(o *binder.Options) { o.BlastRadius = 2 }}, binder.ErrBlastRadius},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 3)
				b := w.binder(c.options...)
				for n := range 3 {
					id := fmt.Sprintf("i-%d", n)
					w.launch(id)
					want(t, reconcile(t, b, id), binder.Bound)
					w.fleet.SetState(id, binder.Terminated)
				}
				before := fmt.Sprint(w.records(), w.names())
				c.prepare(t, w)
				if _, err := b.Sweep(t.Context()); !errors.Is(err, c.want) {
					t.Errorf("Sweep: %v", err)
				}
				w.hook = nil
				if after := fmt.Sprint(w.records(), w.names()); after != before {
					t.Errorf("something was changed:\n%s\n%s", before, after)
				}
				if _, err := b.Sweep(t.Context(), func(o *binder.SweepOptions) { o.Force = true }); err != nil {
					t.Fatal(err)
				}
				w.mustHold(t, 0)
			})
		})
	}
}

func TestPauseStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		b := w.binder()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if err := b.Pause(t.Context(), "migration"); err != nil {
			t.Fatal(err)
		}
		w.launch("i-2")
		w.fleet.SetState("i-1", binder.Terminated)
		for _, id := range []string{"i-1", "i-2"} {
			if o := reconcile(t, w.binder(), id); o.Status != binder.NotReady || o.Reason != "paused: migration" {
				t.Errorf("outcome: %+v", o)
			}
		}
		if _, err := b.Sweep(t.Context()); !errors.Is(err, binder.ErrPaused) {
			t.Errorf("Sweep: %v", err)
		}
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound || w.record("i-2") != nil {
			t.Errorf("records: %+v", w.records())
		}
		if err := b.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		sweep(t, b)
		w.mustHold(t, 1)
	})
}

func TestReportForPeopleAndPrograms(t *testing.T) {
	ip := netip.MustParseAddr("203.0.113.9")
	report := binder.Report{
		Findings: []binder.Finding{{Kind: binder.FindingConflict, InstanceID: "i-1", AllocationID: "eipalloc-1", Name: "sfu-1.example.com.", Detail: "moved"}},
		Actions: []binder.Action{
			{Verb: "bind", InstanceID: "i-2"},
			{Verb: "forget", AllocationID: "eipalloc-9", Reason: "address-absent"},
		},
		Store: []store.Discrepancy{{Kind: "ghost row", AllocationID: "eipalloc-7", Detail: "no record", Repaired: true}},
		Outcomes: []binder.Outcome{
			{InstanceID: "i-0", Status: binder.AlreadyBound},
			{InstanceID: "i-1", Status: binder.Failed, Err: binder.ErrDrift},
			{InstanceID: "i-2", Status: binder.Bound, IP: ip, Name: "sfu-2.example.com."},
			{InstanceID: "i-3", Status: binder.NotReady, RetryAfter: 5 * time.Second, Reason: "instance is pending"},
			{InstanceID: "i-4", Status: binder.Failed, Err: errors.Join(binder.ErrThrottled, binder.ErrDenied)},
		},
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	const table = `
WHAT    KIND       INSTANCE  ADDRESS      NAME               WHY
FOUND   conflict   i-1       eipalloc-1   sfu-1.example.com  moved
PLAN    bind       i-2       -            -                  -
PLAN    forget     -         eipalloc-9   -                  address-absent
STORE   ghost row  -         eipalloc-7   -                  no record; repaired
RESULT  bound      i-2       203.0.113.9  sfu-2.example.com  -
RESULT  not-ready  i-3       -            -                  instance is pending; come back in 5s
RESULT  failed     i-4       -            -                  throttled; not permitted
`
	if diff := cmp.Diff(table, "\n"+text.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	data, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var errs struct {
		Outcomes []struct{ InstanceID, Error string }
	}
	if err := json.Unmarshal(data, &errs); err != nil || len(errs.Outcomes) != 5 || errs.Outcomes[1].Error != binder.ErrDrift.Error() || errs.Outcomes[2].Error != "" {
		t.Errorf("outcomes in %s: %+v, %v", data, errs, err)
	}
	var back binder.Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	for i := range report.Outcomes {
		report.Outcomes[i].Err = nil
	}
	if diff := cmp.Diff(report, back, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("after a round trip (-want +got):\n%s", diff)
	}
}

func TestReportSaysThatNothingWasChanged(t *testing.T) {
	for want, report := range map[string]binder.Report{
		"Nothing to do, and nothing found.\n": {Outcomes: []binder.Outcome{{InstanceID: "i-0", Status: binder.AlreadyBound}}},
		"\nNothing was changed.\n":            {DryRun: true, Actions: []binder.Action{{Verb: "bind", InstanceID: "i-2"}}},
	} {
		var text strings.Builder
		if err := report.WriteText(&text); err != nil || !strings.HasSuffix(text.String(), want) {
			t.Errorf("%q does not end in %q, error %v", text.String(), want, err)
		}
	}
}
