package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
)

func TestPauseStopsEveryCommandUntilResume(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		ids := w.launch(2)
		w.do("bind", ids[0]).want(t, exitDone)
		w.do("pause", "--reason", "migration").want(t, exitDone, "ok: paused: migration")
		if paused, reason, err := w.records.Paused(t.Context()); !paused || reason != "migration" || err != nil {
			t.Errorf("the switch: %t, %q, %v", paused, reason, err)
		}
		before := w.state()
		for _, args := range [][]string{{"bind", ids[1]}, {"reconcile", ids[1]}, {"drain", ids[0]}, {"unbind", "--force", ids[0]}} {
			w.do(args...).want(t, exitWaiting, "not-ready", "paused: migration; come back in 1m0s")
		}
		swept := w.do("sweep")
		swept.want(t, exitWaiting, "PLAN bind "+ids[1], "Nothing was changed.")
		if !strings.Contains(swept.stderr, "migration") || !strings.Contains(swept.stderr, "eipbinder resume") {
			t.Errorf("stderr %q", swept.stderr)
		}
		w.do("sweep", "--dry-run").want(t, exitDone, "PLAN bind "+ids[1])
		w.do("sweep", "--force").want(t, exitWaiting)
		if after := w.state(); after != before {
			t.Errorf("something was changed:\n%s\n%s", before, after)
		}

		for range 2 { // no pause is success
			w.do("resume").want(t, exitDone, "ok: not paused")
		}
		w.do("sweep").want(t, exitDone, "RESULT bound "+ids[1])
		w.do("unbind", "--force", ids[0]).want(t, exitWaiting, "not-ready") // a late call may still land
		time.Sleep(10 * time.Minute)
		w.do("unbind", "--force", ids[0]).want(t, exitDone, "unbound")
		if w.associated() != 1 {
			t.Errorf("%s", w.state())
		}
	})
}

// In an emergency the rest of the configuration may be what is wrong.
func TestPauseNeedsOnlyTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.env = map[string]string{deployment.EnvPolicy: "nonsense", deployment.EnvRecordTable: "media_records"}
		c := w.cloud()
		var asked deployment.Config
		c.records = stored{w.records, &asked}
		for _, want := range []struct {
			args []string
			text string
		}{
			{[]string{"pause", "--json", "--reason", `a "pause"`}, `{"paused":true,"reason":"a \"pause\""}`},
			{[]string{"resume", "--json"}, `{"paused":false}`},
		} {
			got := execute(t.Context(), c, append(want.args, "--binding-table", "media_bindings")...)
			if got.code != exitDone || got.stdout != want.text+"\n" || got.stderr != "" {
				t.Errorf("%v: %+v", want.args, got)
			}
			if asked.RecordTable != "media_records" || asked.BindingTable != "media_bindings" {
				t.Errorf("asked for %+v", asked)
			}
		}
	})
}

func TestStoreWithoutPauseSwitch(t *testing.T) {
	w := newWorld(t, 0)
	c := w.cloud()
	c.records = stored{store: struct{ store.Store }{w.records}}
	for _, args := range [][]string{{"pause", "--reason", "migration"}, {"resume"}} {
		wantUsage(t, execute(t.Context(), c, args...), "no pause switch", "store.Pauser")
	}
}
