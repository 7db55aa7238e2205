package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

// inWorld runs a test in virtual time.
func inWorld(t *testing.T, addresses int, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t, addresses)) })
}

func (r result) want(t *testing.T, code int, stdout ...string) {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, words := range stdout {
		if !hasLine(r.stdout, words) {
			t.Errorf("no line with %q:\n%s", words, r.stdout)
		}
	}
}

// hasLine reports whether a line has these words, in this order, side by side.
func hasLine(text, words string) bool {
	for line := range strings.Lines(text) {
		if strings.Contains(strings.Join(strings.Fields(line), " "), words) {
			return true
		}
	}
	return false
}

func TestBindListUnbind(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		id := w.launch(1)[0]
		const ip, name = "203.0.113.1", "ip-203-0-113-1.media.example.com"
		w.do("check").want(t, exitDone, "records: in memory", "ok:")
		w.do("bind", id).want(t, exitDone, "INSTANCE STATUS ADDRESS NAME REASON", id+" bound "+ip+" "+name)
		w.do("bind", id).want(t, exitDone, id+" already-bound "+ip+" "+name)
		w.do("list").want(t, exitDone, "ADDRESS ALLOCATION PHASE INSTANCE NAME", "bound "+id+" "+name)

		refused := w.do("unbind", id)
		refused.want(t, exitFailed, id+" failed "+ip+" "+name+" see the error message")
		if !strings.Contains(refused.stderr, "--force") {
			t.Errorf("the refusal does not say how: %s", refused.stderr)
		}
		time.Sleep(10 * time.Minute) // no call that was made for it can be under way
		w.do("unbind", "--force", id).want(t, exitDone, id+" unbound - - the next reconcile binds")
		w.do("list").want(t, exitDone, ip+" "+w.sim.Addresses()[0].AllocationID+" free - -")
		w.do("unbind", "--force", id).want(t, exitDone, id+" gone - - nothing is bound to it")
		if a := w.sim.Addresses()[0]; a.AssociationID != "" {
			t.Errorf("%s is still associated", a.IP)
		}
	})
}

func TestReconcileManyAndWait(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		ids := w.launch(2)
		got := w.do(append([]string{"reconcile"}, ids...)...)
		got.want(t, exitWaiting, "bound 203.0.113.1", "exhausted - - no address of the pool is free for it; come back in 30s")
		if got.stderr != "" {
			t.Errorf("waiting is no error, but stderr is %q", got.stderr)
		}
		late := w.launchPending(1)[0]
		w.do("bind", late).want(t, exitWaiting, late+" not-ready - - instance is pending; come back in 5s")
		if err := w.sim.Terminate(ids...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		w.do(append([]string{"reconcile"}, ids...)...).want(t, exitDone, "unbound", "gone")
	})
}

func TestOutcomesAndRecordsAsJSON(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		ids := w.launch(2)
		got := w.do(append([]string{"reconcile", "--json"}, ids...)...)
		got.want(t, exitWaiting)
		statuses := map[string]bool{}
		for line := range strings.Lines(got.stdout) {
			var o struct{ InstanceID, Status, Error string }
			if err := json.Unmarshal([]byte(line), &o); err != nil || o.InstanceID == "" || o.Error != "" {
				t.Errorf("%q: %v", line, err)
			}
			statuses[o.Status] = true
		}
		if len(statuses) != 2 || !statuses["bound"] || !statuses["exhausted"] {
			t.Errorf("statuses %v", statuses)
		}
		var r store.Record
		if err := json.Unmarshal([]byte(w.do("list", "--json").stdout), &r); err != nil || r.Phase != store.Bound || r.IP.String() != "203.0.113.1" {
			t.Errorf("record %+v, error %v", r, err)
		}
		refused := w.do("unbind", "--json", r.InstanceID)
		refused.want(t, exitFailed)
		var o struct{ Status, Error string }
		if err := json.Unmarshal([]byte(refused.stdout), &o); err != nil || o.Status != "failed" || !strings.Contains(o.Error, "running and eligible") {
			t.Errorf("outcome %+v, error %v", o, err)
		}
	})
}

func TestFlagsOverrideTheEnvironment(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		id := w.launch(1)[0]
		w.do("bind", id, "--policy", "instance-id", "--suffix", "sfu.example.com.", "--ttl", "30s").want(t, exitDone, id+".sfu.example.com")
		for _, set := range w.sim.RecordSets(w.env["EIPBINDER_HOSTED_ZONE_ID"]) {
			if set.Type == "A" && set.TTL != 30 {
				t.Errorf("TTL %d", set.TTL)
			}
		}
	})
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *world) {
		wantUsage(t, w.do("check"), "the pool is empty")
		wantUsage(t, w.do("check", "--hosted-zone-id", "Z0000000000000"), "Z0000000000000", "the pool is empty")
		wantUsage(t, w.do("check", "--suffix", "media.example.org"), "media.example.org")
	})
}

func TestBindCanBeInterrupted(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		id := w.launch(1)[0]
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		execute(ctx, w.cloud(), "bind", id).want(t, exitWaiting, id+" not-ready 203.0.113.1 ip-203-0-113-1.media.example.com DNS is not in sync yet")
		w.do("bind", id).want(t, exitDone, id+" bound 203.0.113.1")

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		got := execute(ended, w.cloud(), "bind", id)
		got.want(t, exitFailed)
		if got.stderr != "eipbinder: interrupted\n" {
			t.Errorf("stderr %q", got.stderr)
		}
	})
}

func TestDemoRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t} // it needs no configuration
		w.do("demo").want(t, exitDone, "ok each of the 7 running workers is bound to an address that it holds")
	})
}
