package binder_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
)

func byTag(t *testing.T) dnspolicy.Policy {
	t.Helper()
	p, err := dnspolicy.Pattern("{tag:name}")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// underOneSuffix lets two profiles name their workers under one suffix: media as
// the policy says, voice by a tag.
func underOneSuffix(t *testing.T, media dnspolicy.Policy, optFns ...func(*binder.Options)) func([]binder.Profile) {
	return func(p []binder.Profile) {
		p[0].Backends.Policy, p[1].Backends.Policy = media, byTag(t)
		p[0].Options = append(p[0].Options, optFns...)
		p[1].Options = suffixed("media.example.com")
	}
}

// A name that stays with an address of one profile is not to be had by a tag of
// another's worker: neither for the name, nor to keep the address out of use.
func TestNoTagTakesAKeptName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, true)
		m := w.mux(underOneSuffix(t, dnspolicy.PerAddress(dnspolicy.DashedIP()), func(o *binder.Options) { o.KeepNames = true }))
		if n, err := m.Prewarm(t.Context()); n != 3 || err != nil {
			t.Fatalf("prewarmed %d, %v", n, err)
		}
		for k := range 3 {
			id := fmt.Sprintf("i-voice-%d", k)
			w.launch(id, map[string]string{nodepool: "voice", "name": fmt.Sprintf("ip-203-0-113-%d", k)})
			o, err := m.Bind(t.Context(), id)
			if o.Status != binder.Failed || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("eipalloc-media-%d", k)) {
				t.Errorf("%+v, %v", o, err)
			}
		}
		for range 3 {
			if _, err := m.Sweep(t.Context()); err == nil {
				t.Error("nobody says that the names are taken")
			}
			time.Sleep(time.Hour)
		}
		for k := range 3 {
			id := fmt.Sprintf("i-media-%d", k)
			w.launch(id, map[string]string{nodepool: "media"})
			if o, err := m.Bind(t.Context(), id); o.Status != binder.Bound || err != nil {
				t.Errorf("%+v, %v", o, err)
			}
		}
	})
}

// A tag that had a name before it was published keeps that address out of use, and
// no other: also while its worker is stopped, and another profile's to see to.
func TestATagHoldsOneNameOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, true)
		m := w.mux(underOneSuffix(t, dnspolicy.PerAddress(dnspolicy.DashedIP())))
		w.launch("i-voice", map[string]string{nodepool: "voice", "name": "ip-203-0-113-0"})
		if o, err := m.Bind(t.Context(), "i-voice"); o.Status != binder.Bound || err != nil {
			t.Fatalf("%+v, %v", o, err)
		}
		w.fleet.SetState("i-voice", binder.Stopped)
		for _, id := range []string{"i-1", "i-2"} {
			w.launch(id, map[string]string{nodepool: "media"})
			if o, err := m.Bind(t.Context(), id); o.Status != binder.Bound || err != nil || o.AllocationID == "eipalloc-media-0" {
				t.Errorf("%+v, %v", o, err)
			}
		}
	})
}

// Nor is a name that the workers of one profile have in common.
func TestNoTagTakesAnotherProfilesCommonName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMuxWorld(t, true)
		all, err := dnspolicy.Multivalue("all", "media.example.com.", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		m := w.mux(underOneSuffix(t, dnspolicy.WithRecords(dnspolicy.InstanceID(), all)))
		w.launch("i-voice", map[string]string{nodepool: "voice", "name": "all"})
		if o, err := m.Bind(t.Context(), "i-voice"); o.Status != binder.Failed || err == nil || !strings.Contains(err.Error(), "in common") {
			t.Errorf("%+v, %v", o, err)
		}
		w.launch("i-media", map[string]string{nodepool: "media"})
		if o, err := m.Bind(t.Context(), "i-media"); o.Status != binder.Bound || err != nil {
			t.Errorf("%+v, %v", o, err)
		}
	})
}

// A slot that was given to three addresses by mistake stays with the one that has
// it, which goes on serving; the others are not used, and that is said.
func TestASlotStaysWithItsAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		tagged := func(n byte, slot string) {
			w.pool.Add(eippool.Address{
				AllocationID: fmt.Sprintf("eipalloc-%d", n), IP: netip.AddrFrom4([4]byte{203, 0, 113, n}), Tags: map[string]string{"slot": slot},
			})
		}
		tagged(2, "sfu-007")
		slot, err := dnspolicy.Slot("slot")
		if err != nil {
			t.Fatal(err)
		}
		b := w.binderWith(dnspolicy.PerAddress(slot), func(o *binder.Options) { o.KeepNames, o.CoolDown = true, 0 })
		sweep(t, b)
		tagged(1, "sfu-007")
		tagged(3, "sfu-007")
		for range 3 {
			if _, err := b.Sweep(t.Context()); err == nil || strings.Count(err.Error(), "sfu-007") < 2 {
				t.Errorf("nobody says that two addresses have another's name: %v", err)
			}
			w.launch("i-1")
			o := reconcile(t, b, "i-1")
			if o.Status != binder.Bound || o.AllocationID != "eipalloc-2" || o.Name != "sfu-007."+suffix {
				t.Fatalf("%+v", o)
			}
			w.launch("i-2")
			if o, _ := b.Bind(t.Context(), "i-2"); o.Status == binder.Bound || o.AllocationID != "" {
				t.Errorf("%+v", o)
			}
			for _, id := range []string{"i-1", "i-2"} {
				w.fleet.SetState(id, binder.Terminated)
			}
			want(t, reconcile(t, b, "i-1"), binder.Unbound)
			if names := w.names(); !slices.Equal(names, []string{"sfu-007." + suffix}) {
				t.Errorf("names: %v", names)
			}
			time.Sleep(time.Hour)
		}
	})
}
