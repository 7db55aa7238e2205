package binder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/store"
)

// A name whose address was given back by hand may be anybody's tomorrow: it is
// reported at once, before it can be removed safely.
func TestSweepReportsADanglingNameOfOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
		time.Sleep(time.Hour)
		w.pool.Remove("eipalloc-000")
		report := sweep(t, w.binder())
		if len(report.Findings) == 0 || report.Findings[0].Kind != binder.FindingDangling || report.Findings[0].Name != "i-1."+suffix {
			t.Errorf("findings: %+v", report.Findings)
		}
		time.Sleep(6 * time.Minute)
		sweep(t, w.binder())
		report = sweep(t, w.binder())
		if len(w.names()) != 0 || len(report.Findings) != 0 {
			t.Errorf("names %v, findings %+v", w.names(), report.Findings)
		}
	})
}

// A bound worker that is not eligible any more keeps its address until it goes:
// also if its name has to be repaired.
func TestRepairTakesNothingFromAWorkerThatIsNotEligible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		want(t, reconcile(t, w.binder(), "i-1"), binder.Bound)
		w.fleet.SetTags("i-1", nil)
		w.zone.Remove(dnspolicy.RRKey{Name: "i-1." + suffix, Type: "A"})
		sweep(t, w.binder())
		if r := w.record("i-1"); r == nil || r.Phase != store.Bound || len(w.names()) != 1 || !w.addresses()[0].Associated() {
			t.Errorf("record %+v, names %v", r, w.names())
		}
	})
}
