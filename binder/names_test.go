package binder_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

func aRecord(name, ip string) dnspolicy.RRSet {
	return dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: name, Type: "A"}, TTL: time.Hour, Values: []string{ip}}
}

func names(candidates ...string) dnspolicy.Policy {
	return dnspolicy.PolicyFunc(func(dnspolicy.Subject) ([]string, error) { return candidates, nil })
}

func TestSomebodyElsesNameIsNotTouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		theirs := aRecord("sfu."+suffix, "192.0.2.1")
		if err := w.zone.Set(theirs); err != nil {
			t.Fatal(err)
		}
		o := reconcile(t, w.binderWith(names("sfu", "sfu-2")), "i-1")
		want(t, o, binder.Bound)
		if o.Name != "sfu-2."+suffix {
			t.Errorf("bound as %s", o.Name)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, w.binderWith(names("sfu")), "i-1"), binder.Unbound)
		if left, err := w.zone.Lookup(t.Context(), theirs.RRKey); err != nil || !left.Equal(theirs) || len(w.names()) != 1 {
			t.Errorf("the zone holds %v, %v, %v", w.names(), left, err)
		}
	})
}

func TestNoNameLeftKeepsTheAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		if err := w.zone.Set(aRecord("sfu."+suffix, "192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		b := w.binderWith(names("sfu"))
		outcomes, err := b.Reconcile(t.Context(), "i-1")
		want(t, outcomes[0], binder.Failed)
		var conflict *dnspolicy.ConflictError
		if !errors.Is(err, binder.ErrNameTaken) || !errors.As(err, &conflict) || conflict.Actual == nil {
			t.Errorf("error: %v", err)
		}
		if r := w.record("i-1"); !w.addresses()[0].Associated() || r.Phase != store.Reserved || r.AssociationID == "" || r.Owner != "" {
			t.Errorf("record: %+v", r)
		}
		w.zone.Remove(dnspolicy.RRKey{Name: "sfu." + suffix, Type: "A"})
		want(t, reconcile(t, b, "i-1"), binder.Bound)
	})
}

func TestNameOfAGoneHolderIsFreedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		b := w.binderWith(names("sfu"))
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.launch("i-2")
		outcomes, err := b.Reconcile(t.Context(), "i-2")
		want(t, outcomes[0], binder.Failed)
		var conflict *store.ConflictError
		if !errors.Is(err, binder.ErrNameTaken) || !errors.As(err, &conflict) || conflict.Holder.InstanceID != "i-1" {
			t.Errorf("error: %v", err)
		}
		w.fleet.SetState("i-1", binder.Terminated) // and the event is lost
		want(t, reconcile(t, b, "i-2"), binder.Bound)
		w.mustHold(t, 1)
	})
}

func TestInvalidNamesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.launch("i-1")
		o := reconcile(t, w.binderWith(names("no_underscore", "victim.example.org.", "", "fine")), "i-1")
		want(t, o, binder.Bound)
		if o.Name != "fine."+suffix {
			t.Errorf("bound as %s", o.Name)
		}
		w.launch("i-2")
		outcomes, err := w.binderWith(names("*")).Reconcile(t.Context(), "i-2")
		want(t, outcomes[0], binder.Failed)
		if !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("error: %v", err)
		}
	})
}

func TestKeptNamesNeedNoDNSCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), func(o *binder.Options) { o.KeepNames = true })
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		time.Sleep(time.Hour)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		if !slices.Equal(w.names(), []string{"ip-203-0-113-0." + suffix}) {
			t.Errorf("names: %v", w.names())
		}
		time.Sleep(2 * time.Minute)
		w.launch("i-2")
		w.took()
		start := time.Now()
		want(t, reconcile(t, b, "i-2"), binder.Bound)
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %s", took)
		}
		if calls := w.took(); slices.ContainsFunc(calls, func(c string) bool { return c[:4] == "zone" }) {
			t.Errorf("calls: %v", calls)
		}
	})
}

// recorder is a policy with a TXT record beside the A record.
type recorder struct{ dnspolicy.Policy }

func (recorder) Records(s dnspolicy.Subject, name string) ([]dnspolicy.RRSet, error) {
	return []dnspolicy.RRSet{{
		RRKey: dnspolicy.RRKey{Name: name, Type: "TXT"}, TTL: time.Minute, Values: []string{`"` + s.InstanceID + `"`},
	}}, nil
}

func TestRecorderAddsRecordSets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binderWith(recorder{dnspolicy.InstanceID()})
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		set, err := w.zone.Lookup(t.Context(), dnspolicy.RRKey{Name: "i-1." + suffix, Type: "TXT"})
		if err != nil || !slices.Equal(set.Values, []string{`"i-1"`}) {
			t.Errorf("TXT: %v, %v", set, err)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		if len(w.names()) != 0 {
			t.Errorf("names left: %v", w.names())
		}
	})
}

// A name that somebody changed by hand is not ours to delete.
func TestChangedRecordSetIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		var drift []binder.Event
		b := w.binder(func(o *binder.Options) { o.Observer = drifts(&drift) })
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		changed := aRecord("i-1."+suffix, "192.0.2.9")
		if err := w.zone.Set(changed); err != nil {
			t.Fatal(err)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		if left, err := w.zone.Lookup(t.Context(), changed.RRKey); err != nil || !left.Equal(changed) {
			t.Errorf("left: %v, %v", left, err)
		}
		if len(drift) != 1 || drift[0].InstanceID != "i-1" {
			t.Errorf("drift: %+v", drift)
		}
	})
}
