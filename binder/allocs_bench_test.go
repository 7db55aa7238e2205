//go:build !race

package binder

import (
	"testing"

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
