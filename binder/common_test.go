package binder_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
)

// A worker whose tag says what the common name of others is gets another name:
// else it would keep all of them out.
func TestNoWorkerOwnsACommonName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		byTag, err := dnspolicy.Pattern("{tag:name}")
		if err != nil {
			t.Fatal(err)
		}
		all, err := dnspolicy.Multivalue("all-{zone}", suffix, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		b := w.binderWith(dnspolicy.WithRecords(dnspolicy.Fallback(byTag, dnspolicy.InstanceID()), all))
		for id, name := range map[string]string{"i-1": "all-eu-b", "i-2": "free"} {
			w.fleet.Launch(binder.Instance{ID: id, State: binder.Running, AvailabilityZone: "eu-a", Tags: map[string]string{"role": "media", "name": name}})
		}
		o := reconcile(t, b, "i-1")
		want(t, o, binder.Bound)
		if o.Name != "i-1."+suffix {
			t.Errorf("it is named %s", o.Name)
		}
		if o = reconcile(t, b, "i-2"); o.Name != "free."+suffix {
			t.Errorf("the other one is named %s", o.Name)
		}
	})
}

// Workers share a name, each by a record set of its own, which goes with it. What
// somebody else has there keeps the worker from its name, not from its address.
func TestMultivalueOfSeveralWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		all, err := dnspolicy.Multivalue("all", suffix, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		b := w.binderWith(dnspolicy.WithRecords(dnspolicy.InstanceID(), all))
		shared := func() (ips []string) {
			for set, err := range w.zone.List(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if set.Name == "all."+suffix {
					ips = append(ips, set.Values...)
				}
			}
			return slices.Sorted(slices.Values(ips))
		}
		var ips []string
		for _, id := range []string{"i-1", "i-2", "i-3"} {
			w.launch(id)
			o := reconcile(t, b, id)
			want(t, o, binder.Bound)
			ips = append(ips, o.IP.String())
		}
		if got := shared(); !slices.Equal(got, slices.Sorted(slices.Values(ips))) {
			t.Errorf("all is %v, want %v", got, ips)
		}
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		if got := shared(); !slices.Equal(got, slices.Sorted(slices.Values(ips[1:]))) {
			t.Errorf("all is %v, want %v", got, ips[1:])
		}
		for _, id := range []string{"i-2", "i-3"} {
			w.fleet.SetState(id, binder.Terminated)
			want(t, reconcile(t, b, id), binder.Unbound)
		}
		if err := w.zone.Set(aRecord("all."+suffix, "192.0.2.1")); err != nil {
			t.Fatal(err)
		}
		w.launch("i-4")
		o, err := b.Bind(t.Context(), "i-4")
		want(t, o, binder.Failed)
		if text := fmt.Sprint(err); !strings.Contains(text, "192.0.2.1") || !strings.Contains(text, "203.0.113.") {
			t.Errorf("%s: does not say both values", text)
		}
		if r := w.record("i-4"); r == nil || !slices.ContainsFunc(w.addresses(), func(a eippool.Address) bool {
			return a.AllocationID == r.AllocationID && a.InstanceID == "i-4"
		}) {
			t.Errorf("it has no address any more: %+v", r)
		}
	})
}

// Record sets that a binding must not have are found before anything is done.
func TestRecordSetsThatAreNotTheBindings(t *testing.T) {
	wrong := map[string]dnspolicy.RRSet{
		"a wildcard":            {RRKey: dnspolicy.RRKey{Name: "*." + suffix, Type: "A", SetIdentifier: "x"}, Values: []string{"192.0.2.1"}},
		"the suffix itself":     {RRKey: dnspolicy.RRKey{Name: suffix, Type: "A", SetIdentifier: "x"}, Values: []string{"192.0.2.1"}},
		"another one's name":    {RRKey: dnspolicy.RRKey{Name: "i-2." + suffix, Type: "A"}, Values: []string{"192.0.2.1"}},
		"a text of all":         {RRKey: dnspolicy.RRKey{Name: "_x." + suffix, Type: "TXT"}, Values: []string{`"all"`}},
		"a CNAME beside it":     {RRKey: dnspolicy.RRKey{Name: "i-1." + suffix, Type: "CNAME"}, Values: []string{"example.org."}},
		"a multivalue A, too":   {RRKey: dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A", SetIdentifier: "x"}, Values: []string{"192.0.2.1"}},
		"half a second":         {RRKey: dnspolicy.RRKey{Name: "i-1." + suffix, Type: "TXT"}, TTL: time.Second / 2, Values: []string{`"a"`}},
		"upper case":            {RRKey: dnspolicy.RRKey{Name: "A.i-1." + suffix, Type: "TXT"}, Values: []string{`"a"`}},
		"a label of 64":         {RRKey: dnspolicy.RRKey{Name: strings.Repeat("a", 64) + ".i-1." + suffix, Type: "TXT"}, Values: []string{`"a"`}},
		"what is no IP address": {RRKey: dnspolicy.RRKey{Name: "a.i-1." + suffix, Type: "A"}, Values: []string{"here"}},
	}
	for what, set := range wrong {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.launch("i-1")
				policy := dnspolicy.WithRecords(dnspolicy.InstanceID(), dnspolicy.RecorderFunc(func(dnspolicy.Subject, string) ([]dnspolicy.RRSet, error) {
					return []dnspolicy.RRSet{set}, nil
				}))
				outcomes, err := w.binderWith(policy).Reconcile(t.Context(), "i-1")
				want(t, outcomes[0], binder.Failed)
				if !errors.Is(err, dnspolicy.ErrInvalid) || len(w.records()) != 0 || w.addresses()[0].Associated() {
					t.Errorf("%v; records %+v, addresses %+v", err, w.records(), w.addresses())
				}
			})
		})
	}
}

// When every candidate was taken, and the first one is free again, the worker
// gets it.
func TestRenameBeginsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		for _, name := range []string{"a", "b"} {
			if err := w.zone.Set(aRecord(name+"."+suffix, "192.0.2.1")); err != nil {
				t.Fatal(err)
			}
		}
		b := w.binderWith(names("a", "b"))
		outcomes, err := b.Reconcile(t.Context(), "i-1")
		want(t, outcomes[0], binder.Failed)
		if text := err.Error(); !strings.Contains(text, "192.0.2.1") || !strings.Contains(text, "203.0.113.0") {
			t.Errorf("%s: does not say both values", text)
		}
		w.zone.Remove(aRecord("a."+suffix, "192.0.2.1").RRKey)
		o := reconcile(t, b, "i-1")
		want(t, o, binder.Bound)
		if o.Name != "a."+suffix {
			t.Errorf("it is named %s", o.Name)
		}
	})
}

// An alias at the first name: the address gets the next one, and keeps it.
func TestPrewarmGoesRoundAnAlias(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		alias := dnspolicy.RRSet{RRKey: dnspolicy.RRKey{Name: "ip-203-0-113-0." + suffix, Type: "CNAME"}, TTL: time.Minute, Values: []string{"example.org."}}
		if err := w.zone.Set(alias); err != nil {
			t.Fatal(err)
		}
		both := dnspolicy.Fallback(dnspolicy.PerAddress(dnspolicy.DashedIP()), dnspolicy.PerAddress(dnspolicy.DottedIP()))
		b := w.binderWith(both, func(o *binder.Options) { o.KeepNames = true })
		for range 2 {
			sweep(t, b)
			if names := w.names(); !slices.Equal(names, []string{"203.0.113.0." + suffix, alias.Name}) {
				t.Errorf("names: %v", names)
			}
			time.Sleep(10 * time.Minute)
		}
	})
}
