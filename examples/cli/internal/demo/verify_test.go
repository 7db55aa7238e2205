package demo

import (
	"io"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/store"
)

// played returns the facts after an undisturbed play.
func played(t *testing.T) facts {
	t.Helper()
	var f facts
	synctest.Test(t, func(t *testing.T) {
		p := newPrinter(io.Discard, false)
		w, err := newWorld(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.play(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		records, err := w.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f = facts{w.sim.Instances(), w.sim.Addresses(), w.sim.RecordSets(w.zoneID), records, p.told(binder.EventExhausted)}
	})
	return f
}

func (f facts) failed() []int {
	var failed []int
	for i, c := range f.verify() {
		if !c.holds {
			failed = append(failed, i)
		}
	}
	return failed
}

// Each check must fail on a world that is wrong in just this way.
func TestEachCheckCanFail(t *testing.T) {
	whole := played(t)
	if failed := whole.failed(); len(failed) > 0 {
		t.Fatalf("checks %v fail on a right world", failed)
	}
	const states, waited, bound, exclusive, names = 0, 1, 2, 3, 4
	first := slices.IndexFunc(whole.addresses, func(a awssim.Address) bool { return a.AssociationID != "" })
	free := slices.IndexFunc(whole.addresses, func(a awssim.Address) bool { return a.AssociationID == "" })
	named := slices.IndexFunc(whole.names, func(s awssim.RecordSet) bool { return s.Type == "A" })
	visible := slices.IndexFunc(whole.records, store.Record.Visible)
	cases := map[string]struct {
		check int
		spoil func(*facts)
	}{
		"a worker too many":            {states, func(f *facts) { f.instances = append(f.instances, awssim.Instance{State: awssim.Running}) }},
		"nobody waited":                {waited, func(f *facts) { f.waited = 0 }},
		"a record is missing":          {bound, func(f *facts) { f.records = slices.Delete(f.records, visible, visible+1) }},
		"a record is hidden":           {bound, func(f *facts) { f.records[visible].Draining = true }},
		"another association":          {bound, func(f *facts) { f.addresses[first].AssociationID = "eipassoc-other" }},
		"one worker with two":          {exclusive, func(f *facts) { hold(f, free, f.addresses[first].InstanceID) }},
		"no address is free":           {exclusive, func(f *facts) { hold(f, free, "i-other") }},
		"a name is missing":            {names, func(f *facts) { f.names = slices.Delete(f.names, named, named+1) }},
		"a name points elsewhere":      {names, func(f *facts) { f.names[named].Values = []string{"192.0.2.1"} }},
		"a name also points elsewhere": {names, func(f *facts) { f.names[named].Values = append(f.names[named].Values, "192.0.2.1") }},
		"a name is left behind":        {names, func(f *facts) { f.names = append(f.names, awssim.RecordSet{Name: "old.media.example.com.", Type: "A"}) }},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			spoiled := facts{slices.Clone(whole.instances), slices.Clone(whole.addresses), slices.Clone(whole.names), slices.Clone(whole.records), whole.waited}
			for i := range spoiled.names {
				spoiled.names[i].Values = slices.Clone(spoiled.names[i].Values)
			}
			cases[name].spoil(&spoiled)
			if failed := spoiled.failed(); !slices.Contains(failed, cases[name].check) {
				t.Errorf("checks %v fail, not %d", failed, cases[name].check)
			}
		})
	}
}

func hold(f *facts, address int, instanceID string) {
	f.addresses[address].AssociationID, f.addresses[address].InstanceID = "eipassoc-more", instanceID
}
