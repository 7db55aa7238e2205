package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// state is all that a command could change, as text.
func (w *world) state() string {
	w.t.Helper()
	return fmt.Sprint(w.sim.Addresses(), w.sim.RecordSets(w.env[deployment.EnvHostedZoneID]), w.do("list", "--json").stdout)
}

// associated returns how many addresses are.
func (w *world) associated() int {
	n := 0
	for _, a := range w.sim.Addresses() {
		if a.AssociationID != "" {
			n++
		}
	}
	return n
}

// point makes a name by hand.
func (w *world) point(name, ip string) {
	w.t.Helper()
	set := awssim.RecordSet{Name: name, Type: "A", TTL: 60, Values: []string{ip}}
	if err := w.sim.PutRecordSet(w.env[deployment.EnvHostedZoneID], set); err != nil {
		w.t.Fatal(err)
	}
}

// hasName reports whether the zone has an A record of this name.
func (w *world) hasName(name string) bool {
	for _, set := range w.sim.RecordSets(w.env[deployment.EnvHostedZoneID]) {
		if set.Type == "A" && set.Name == name+"." {
			return true
		}
	}
	return false
}

func TestSweepSaysWhatItWouldDoAndDoesIt(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		ids := w.launch(2)
		w.do("bind", ids[0]).want(t, exitDone)
		w.do("sweep").want(t, exitDone, "PLAN bind "+ids[1], "RESULT bound "+ids[1])
		w.do("sweep").want(t, exitDone, "Nothing to do, and nothing found.")

		gone := w.record(ids[0])
		name := strings.TrimSuffix(gone.Name, ".")
		if err := w.sim.Terminate(ids[0]); err != nil { // and the event is lost
			t.Fatal(err)
		}
		late := w.launch(1)[0]
		w.point("stranger.media.example.com", "192.0.2.7")
		before := w.state()
		w.do("sweep", "--dry-run").want(t, exitDone, "FOUND dangling-name - - stranger.media.example.com points at 192.0.2.7",
			"PLAN unbind "+ids[0]+" "+gone.IP.String()+" "+name+" instance is terminated", "PLAN bind "+late, "Nothing was changed.")
		if after := w.state(); after != before {
			t.Errorf("a dry run changed something:\n%s\n%s", before, after)
		}

		swept := w.do("sweep")
		swept.want(t, exitDone, "FOUND dangling-name", "RESULT unbound "+ids[0], "RESULT bound "+late+" "+w.record(late).IP.String())
		if w.hasName(name) || !w.hasName(strings.TrimSuffix(w.record(late).Name, ".")) || w.associated() != 2 {
			t.Errorf("%s", w.state())
		}
		left := w.do("sweep")
		left.want(t, exitDone, "FOUND dangling-name")
		if strings.Contains(left.stdout, "PLAN") || left.stderr != "" || !w.hasName("stranger.media.example.com") {
			t.Errorf("a finding was acted upon, or is an error: %+v", left)
		}
	})
}

func TestSweepIsStoppedByTheCapUnlessForced(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		w.env[deployment.EnvBlastRadius] = "1"
		ids := w.launch(2)
		w.do(append([]string{"reconcile"}, ids...)...).want(t, exitDone)
		if err := w.sim.Terminate(ids...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		before := w.state()
		w.do("sweep", "--dry-run").want(t, exitDone, "PLAN unbind "+ids[0], "PLAN unbind "+ids[1])
		stopped := w.do("sweep")
		stopped.want(t, exitFailed, "PLAN unbind "+ids[0], "PLAN unbind "+ids[1], "Nothing was changed.")
		for _, words := range []string{"2, more than 1", "--dry-run", "--force"} {
			if !strings.Contains(stopped.stderr, words) {
				t.Errorf("stderr lacks %q: %s", words, stopped.stderr)
			}
		}
		if after := w.state(); after != before {
			t.Errorf("something was changed:\n%s\n%s", before, after)
		}
		w.do("sweep", "--force").want(t, exitDone, "RESULT unbound "+ids[0], "RESULT unbound "+ids[1])
		if w.associated() != 0 || w.hasName("ip-203-0-113-1.media.example.com") || w.hasName("ip-203-0-113-2.media.example.com") {
			t.Errorf("%s", w.state())
		}
	})
}

func TestSweepWaitsOrFailsWithItsWorkers(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		w.launch(2)
		waits := w.do("sweep")
		waits.want(t, exitWaiting, "RESULT bound", "RESULT exhausted", "come back in 30s")
		if waits.stderr != "" {
			t.Errorf("waiting is no error, but stderr is %q", waits.stderr)
		}
		holder := w.sim.Addresses()[0]
		for _, i := range w.sim.Instances() { // move the address by hand to the other worker
			if i.ID != holder.InstanceID {
				if _, err := w.sim.Associate(holder.AllocationID, i.Interfaces[0].ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := w.state()
		w.do("sweep", "--dry-run").want(t, exitDone, "FOUND conflict")
		failed := w.do("sweep")
		failed.want(t, exitFailed, "FOUND conflict "+holder.InstanceID)
		if !strings.Contains(failed.stderr, holder.InstanceID) || w.state() != before {
			t.Errorf("stderr %q, state %s", failed.stderr, w.state())
		}
	})
}

func TestSweepAsJSON(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		id := w.launch(1)[0]
		w.point("stranger.media.example.com", "192.0.2.7")
		parse := func(got result) (r binder.Report) {
			t.Helper()
			got.want(t, exitDone)
			if strings.Count(got.stdout, "\n") != 1 {
				t.Errorf("not one line: %s", got.stdout)
			}
			if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
				t.Fatalf("%s: %v", got.stdout, err)
			}
			return r
		}
		dry := parse(w.do("sweep", "--dry-run", "--json"))
		if !dry.DryRun || len(dry.Actions) != 1 || dry.Actions[0].Verb != "bind" || dry.Actions[0].InstanceID != id || dry.Outcomes != nil {
			t.Errorf("dry run: %+v", dry)
		}
		if len(dry.Findings) != 1 || dry.Findings[0].Kind != binder.FindingDangling || dry.Findings[0].Name != "stranger.media.example.com." {
			t.Errorf("findings: %+v", dry.Findings)
		}
		swept := parse(w.do("sweep", "--json"))
		if swept.DryRun || len(swept.Outcomes) != 1 || swept.Outcomes[0].Status != binder.Bound || swept.Outcomes[0].IP.String() != "203.0.113.1" {
			t.Errorf("sweep: %+v", swept)
		}
	})
}

// What could not be read whole is nothing to show.
func TestSweepThatCannotRead(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		w.launch(1)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, args := range [][]string{{"sweep"}, {"sweep", "--dry-run"}, {"sweep", "--json"}} {
			got := execute(ended, w.cloud(), args...)
			if got.code != exitFailed || got.stdout != "" || got.stderr != "eipbinder: interrupted\n" {
				t.Errorf("%v: %+v", args, got)
			}
		}
	})
}
