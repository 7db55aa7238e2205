//go:build !race

package binder

import (
	"net/netip"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// TestDecideAllocs: the planner decides several times for each instance, and for
// all of them in a sweep. The race detector allocates, too: run this without it.
func TestDecideAllocs(t *testing.T) {
	r := rules{binderID: "b"}
	for _, p := range []store.Phase{"", store.Reserved, store.Bound, store.Releasing} {
		v := viewIn(p)
		if got := testing.AllocsPerRun(100, func() { r.decide(v) }); got > 0 {
			t.Errorf("deciding for the phase %q allocates %v times", p, got)
		}
	}
}

// TestNamesAllocs: names are split into labels, looked at and joined again, for
// each binding and for each address of the pool in a sweep.
func TestNamesAllocs(t *testing.T) {
	b := &Binder{policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), opts: Options{Suffix: "media.example.com."}}
	s := dnspolicy.Subject{Address: dnspolicy.Address{IP: netip.MustParseAddr("203.0.113.7")}}
	const most = 7 // four are the policy's
	got := testing.AllocsPerRun(100, func() {
		if _, err := b.names(s); err != nil {
			t.Fatal(err)
		}
	})
	if got > most {
		t.Errorf("naming allocates %v times, more than %d", got, most)
	}
}

// TestChooseAllocs: the best of many addresses is chosen for each instance.
func TestChooseAllocs(t *testing.T) {
	var p picker
	p.offer(manyCandidates(1000))
	i := Instance{ID: "i-1"}
	p.choose(i, now) // makes the buffer
	if got := testing.AllocsPerRun(100, func() { p.choose(i, now) }); got > 0 {
		t.Errorf("choosing allocates %v times", got)
	}
}
