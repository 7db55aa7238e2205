package binder_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func (w *world) keeper(optFns ...func(*binder.Options)) *binder.Binder {
	return w.binderWith(dnspolicy.PerAddress(dnspolicy.DashedIP()), append(optFns, func(o *binder.Options) { o.KeepNames = true })...)
}

func callsOf(calls []string, prefix string) int {
	return len(slices.DeleteFunc(calls, func(c string) bool { return !strings.HasPrefix(c, prefix) }))
}

func TestPrewarmPublishesTheWholePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20)
		b := w.keeper()
		if n, err := b.Prewarm(t.Context()); n != 20 || err != nil {
			t.Fatalf("published %d, %v", n, err)
		}
		if names := w.names(); len(names) != 20 || names[0] != "ip-203-0-113-0."+suffix {
			t.Errorf("names: %v", names)
		}
		for _, r := range w.records() {
			if r.Phase != store.Free || !r.InSync || !r.KeepName || r.Owner != "" {
				t.Errorf("record: %+v", r)
			}
		}
		w.took()
		if n, err := b.Prewarm(t.Context()); n != 0 || err != nil {
			t.Errorf("again: published %d, %v", n, err)
		}
		calls := w.took()
		if callsOf(slices.Clone(calls), "zone.Apply") > 0 || callsOf(calls, "store.Put") > 0 {
			t.Errorf("the second time it called %v", calls)
		}
		w.launch("i-1")
		began := time.Now()
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		if calls := w.took(); time.Since(began) != 0 || callsOf(calls, "zone.") > 0 {
			t.Errorf("a binding took %s and called %v", time.Since(began), calls)
		}
	})
}

func TestPrewarmNeedsKeptNames(t *testing.T) {
	w := newWorld(t, 1)
	if _, err := w.binder().Prewarm(t.Context()); !errors.Is(err, binder.ErrConfig) {
		t.Errorf("error: %v", err)
	}
	if calls := w.took(); len(calls) > 0 {
		t.Errorf("calls: %v", calls)
	}
}

func TestPrewarmIsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.keeper()
		if err := b.Pause(t.Context(), "migration"); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Prewarm(t.Context()); n != 0 || !errors.Is(err, binder.ErrPaused) {
			t.Errorf("published %d, %v", n, err)
		}
		if len(w.names()) != 0 {
			t.Errorf("names: %v", w.names())
		}
	})
}

// What is somebody else's stays, and the address gets the policy's next name.
func TestPrewarmGoesRoundSomebodyElsesName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		theirs := aRecord("ip-203-0-113-0."+suffix, "192.0.2.1")
		if err := w.zone.Set(theirs); err != nil {
			t.Fatal(err)
		}
		both := dnspolicy.Fallback(dnspolicy.PerAddress(dnspolicy.DashedIP()), dnspolicy.PerAddress(dnspolicy.DottedIP()))
		keep := func(o *binder.Options) { o.KeepNames = true }
		if n, err := w.binderWith(both, keep).Prewarm(t.Context()); n != 2 || err != nil {
			t.Errorf("published %d, %v", n, err)
		}
		if names := w.names(); !slices.Equal(names, []string{"203.0.113.0." + suffix, "ip-203-0-113-0." + suffix, "ip-203-0-113-1." + suffix}) {
			t.Errorf("names: %v", names)
		}
		_, err := w.keeper().Prewarm(t.Context())
		var failed *binder.Error
		if !errors.Is(err, binder.ErrNameTaken) || !errors.As(err, &failed) || failed.AllocationID != "eipalloc-000" {
			t.Errorf("without another name: %v", err)
		}
		if left, err := w.zone.Lookup(t.Context(), theirs.RRKey); err != nil || !left.Equal(theirs) {
			t.Errorf("theirs is %v, %v", left, err)
		}
	})
}

func TestSweepKeepsNamesWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		b := w.keeper()
		sweep(t, b)
		if len(w.names()) != 3 {
			t.Errorf("after a sweep: %v", w.names())
		}
		w.zone.Remove(dnspolicy.RRKey{Name: "ip-203-0-113-1." + suffix, Type: "A"})
		sweep(t, b)
		if len(w.names()) != 3 {
			t.Errorf("after a hand edit and a sweep: %v", w.names())
		}
		time.Sleep(time.Hour)
		w.pool.Remove("eipalloc-002")
		for range 3 {
			sweep(t, b)
			time.Sleep(6 * time.Minute)
		}
		if names := w.names(); len(names) != 2 || len(w.records()) != 2 {
			t.Errorf("an address was given back: %v, %v", names, w.records())
		}
		sweep(t, w.keeper(func(o *binder.Options) { o.TTL = 5 * time.Minute }))
		set, err := w.zone.Lookup(t.Context(), dnspolicy.RRKey{Name: "ip-203-0-113-1." + suffix, Type: "A"})
		if err != nil || set.TTL != 5*time.Minute {
			t.Errorf("another TTL: %v, %v", set, err)
		}
		time.Sleep(time.Hour)
		sweep(t, w.binder())
		if len(w.names()) != 0 {
			t.Errorf("names are not kept any more, and there still are %v", w.names())
		}
	})
}

// An address that lost the pool's tag keeps no name.
func TestSweepRetiresTheNameOfAnAddressThatLeftThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTaggedWorld(t, 2)
		b := w.keeper()
		sweep(t, b)
		w.pool.SetTags("eipalloc-001", nil)
		sweep(t, b)
		if len(w.names()) != 2 {
			t.Errorf("removed while its publication may still land: %v", w.names())
		}
		time.Sleep(7 * time.Minute)
		sweep(t, b)
		if names := w.names(); !slices.Equal(names, []string{"ip-203-0-113-0." + suffix}) {
			t.Errorf("names: %v", names)
		}
		w.pool.SetTags("eipalloc-001", map[string]string{"pool": "media"})
		time.Sleep(7 * time.Minute) // its removal may still land
		sweep(t, b)
		if len(w.names()) != 2 {
			t.Errorf("it is back: %v", w.names())
		}
	})
}

// The name stays with the address; what depends on the instance goes.
func TestKeptNameWithRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		policy := dnspolicy.WithRecords(dnspolicy.PerAddress(dnspolicy.DashedIP()), recorder{dnspolicy.InstanceID()})
		b := w.binderWith(policy, func(o *binder.Options) { o.KeepNames = true })
		text := dnspolicy.RRKey{Name: "ip-203-0-113-0." + suffix, Type: "TXT"}
		for _, id := range []string{"i-1", "i-2"} {
			w.launch(id)
			want(t, reconcile(t, b, id), binder.Bound)
			if set, err := w.zone.Lookup(t.Context(), text); err != nil || set.Values[0] != `"`+id+`"` {
				t.Errorf("%s: %v, %v", id, set, err)
			}
			time.Sleep(time.Hour)
			w.fleet.SetState(id, binder.Terminated)
			want(t, reconcile(t, b, id), binder.Unbound)
			if _, err := w.zone.Lookup(t.Context(), text); !errors.Is(err, dnspolicy.ErrNotFound) || len(w.names()) != 1 {
				t.Errorf("after %s: %v, %v", id, w.names(), err)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestReverseNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		b := w.binder(func(o *binder.Options) { o.ReverseNames = true })
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		calls := w.took()
		published, waited, reversed := slices.Index(calls, "zone.Apply"), slices.Index(calls, "zone.Wait"), slices.Index(calls, "pool.SetReverseName")
		if published < 0 || waited < published || reversed < waited {
			t.Errorf("the forward name must be in sync first: %v", calls)
		}
		if name := w.pool.ReverseName("eipalloc-000"); name != "i-1."+suffix {
			t.Errorf("reverse name %q", name)
		}
		time.Sleep(time.Hour)
		w.fleet.SetState("i-1", binder.Terminated)
		want(t, reconcile(t, b, "i-1"), binder.Unbound)
		if name := w.pool.ReverseName("eipalloc-000"); name != "" {
			t.Errorf("reverse name left: %q", name)
		}
	})
}

func TestReverseNamesNeedAPoolThatSetsThem(t *testing.T) {
	w := newWorld(t, 1)
	_, err := binder.New(binder.Backends{
		Fleet: w.fleet, Pool: struct{ eippool.Pool }{w.pool}, Policy: dnspolicy.InstanceID(), Zone: w.zone, Store: w.store,
	}, func(o *binder.Options) { o.Suffix, o.ReverseNames = suffix, true })
	if !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), "Options.ReverseNames") {
		t.Errorf("error: %v", err)
	}
}

func TestNamesInAnyScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		for id, c := range map[string]struct{ given, want string }{
			"i-1": {"Straße", "xn--strae-oqa"},
			"i-2": {"sfü.Köln", "xn--sf-yka.xn--kln-sna"},
			"i-3": {"xn--strae-oqa-2", "fine"}, // no A-label
			"i-4": {"a。b", "fine-4"},           // more labels than it seems
		} {
			w.launch(id)
			o := reconcile(t, w.binderWith(names(c.given, c.want)), id)
			want(t, o, binder.Bound)
			if o.Name != c.want+"."+suffix {
				t.Errorf("%q became %q", c.given, o.Name)
			}
		}
	})
}

func TestCoveredByWildcard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		covered := func(o *binder.Options) { o.CoveredByWildcard = true }
		outcomes, err := w.binderWith(names("a.b"), covered).Reconcile(t.Context(), "i-1")
		want(t, outcomes[0], binder.Failed)
		if !errors.Is(err, dnspolicy.ErrInvalidName) {
			t.Errorf("error: %v", err)
		}
		want(t, reconcile(t, w.binderWith(names("a.b", "a-b"), covered), "i-1"), binder.Bound)
	})
}
