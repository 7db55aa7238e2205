package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// associateByHand gives the next free address of the pool to the worker.
func (w *world) associateByHand(instanceID string) awssim.Address {
	w.t.Helper()
	all, instances := w.sim.Addresses(), w.sim.Instances()
	a := all[slices.IndexFunc(all, func(a awssim.Address) bool { return a.AssociationID == "" })]
	i := instances[slices.IndexFunc(instances, func(i awssim.Instance) bool { return i.ID == instanceID })]
	if _, err := w.sim.Associate(a.AllocationID, i.Interfaces[0].ID); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestAdoptSaysWhatItTakesAndLeaves(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		ids := w.launch(2)
		first := w.associateByHand(ids[0])
		second := w.associateByHand(ids[1])
		w.point("sfu-1.media.example.com", first.IP.String())
		if err := w.sim.Stop(ids[1]); err != nil {
			t.Fatal(err)
		}
		w.wantAdopted("WOULD TAKE", ids, first, second, "adopt", "--dry-run")
		if r := w.do("list"); strings.Contains(r.stdout, ids[0]) {
			t.Errorf("a dry run wrote records:\n%s", r.stdout)
		}
		w.wantAdopted("TAKEN", ids, first, second, "adopt")
		w.do("list").want(t, exitDone, first.IP.String()+" "+first.AllocationID+" bound "+ids[0]+" sfu-1.media.example.com")
	})
}

func (w *world) wantAdopted(verb string, ids []string, first, second awssim.Address, args ...string) {
	w.t.Helper()
	w.do(args...).want(w.t, exitDone,
		verb+" "+first.IP.String()+" "+ids[0]+" sfu-1.media.example.com - bound",
		"LEFT "+second.IP.String()+" "+ids[1])
}

func TestAdoptWaitsForAPauseToEnd(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		w.associateByHand(w.launch(1)[0])
		w.do("pause", "--reason", "migration").want(t, exitDone)
		if r := w.do("adopt"); r.code != exitWaiting || r.stdout != "" || !strings.Contains(r.stderr, "migration") {
			t.Errorf("%+v", r)
		}
		w.do("adopt", "--dry-run", "--json").want(t, exitDone)
	})
}
