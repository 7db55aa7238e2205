package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// record returns the record that holds the instance.
func (w *world) record(id string) store.Record {
	w.t.Helper()
	found, err := w.records.Get(w.t.Context(), store.ByInstance(id))
	if err != nil || len(found) != 1 {
		w.t.Fatalf("records of %s: %+v, %v", id, found, err)
	}
	return found[0]
}

func TestDrainHidesAndUndrainShows(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		id := w.launch(1)[0]
		const ip, name = "203.0.113.1", "ip-203-0-113-1.media.example.com"
		w.do("drain", id).want(t, exitDone, id+" gone - - nothing is bound to it")
		w.do("bind", id).want(t, exitDone)
		if err := w.records.Acquire(t.Context(), w.record(id).AllocationID); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again changes nothing
			w.do("drain", id).want(t, exitDone, id+" already-bound "+ip+" "+name+" draining")
		}
		if r := w.record(id); r.Visible() || !r.Draining || !r.Allocated || w.associated() != 1 || !w.hasName(name) {
			t.Errorf("drained: %+v\n%s", r, w.state())
		}
		w.do("list").want(t, exitDone, "bound,draining,allocated "+id)
		time.Sleep(time.Hour)
		w.do("sweep").want(t, exitDone, "Nothing to do") // draining never ends in a release
		for range 2 {
			w.do("undrain", id).want(t, exitDone, id+" already-bound "+ip+" "+name+" -")
		}
		if r := w.record(id); !r.Visible() || !r.Allocated {
			t.Errorf("undrained: %+v", r)
		}
	})
}

func TestDrainAsJSON(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		id := w.launch(1)[0]
		w.do("bind", id).want(t, exitDone)
		for _, c := range []struct{ command, reason string }{{"drain", "draining"}, {"undrain", ""}} {
			var o binder.Outcome
			got := w.do(c.command, id, "--json")
			if err := json.Unmarshal([]byte(got.stdout), &o); err != nil || got.code != exitDone || o.InstanceID != id || o.Status != binder.AlreadyBound || o.Reason != c.reason {
				t.Errorf("%s: %+v, %v", c.command, got, err)
			}
		}
	})
}
