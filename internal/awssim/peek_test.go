package awssim_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func TestPeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(*awssim.Options) {})
		allocationID, eni := w.allocate(), w.run(1).Interfaces[0].ID
		if got := w.sim.HeldBy(eni); len(got) != 0 {
			t.Errorf("holds %v, want nothing", got)
		}
		associationID, err := w.sim.Associate(allocationID, eni)
		must(t, err)
		a, ok := w.sim.Address(allocationID)
		equal(t, "found", ok, true)
		equal(t, "association", a.AssociationID, associationID)
		if got := w.sim.HeldBy(eni); !slices.Equal(got, []string{allocationID}) {
			t.Errorf("holds %v, want %s", got, allocationID)
		}
		if _, ok := w.sim.Address("eipalloc-none"); ok {
			t.Error("found an address that does not exist")
		}
		zoneID, err := w.sim.CreateZone("example.com")
		must(t, err)
		must(t, w.sim.PutRecordSet(zoneID, awssim.RecordSet{Name: "a.example.com.", Type: "A", TTL: 60, Values: []string{"192.0.2.1"}}))
		set, at, ok := w.sim.Published(zoneID, "a.example.com.", "A")
		equal(t, "found", ok, true)
		equal(t, "value", set.Values[0], "192.0.2.1")
		equal(t, "time until it is in sync", time.Until(at), 30*time.Second)
		for _, absent := range [][2]string{{zoneID, "b.example.com."}, {"Z0", "a.example.com."}} {
			if _, _, ok := w.sim.Published(absent[0], absent[1], "A"); ok {
				t.Errorf("found %v", absent)
			}
		}
	})
}
