package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func TestPrewarmPublishesNamesAhead(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		w.env[deployment.EnvKeepNames] = "true"
		w.do("pause", "--reason", "migration").want(t, exitDone)
		paused := w.do("prewarm")
		paused.want(t, exitWaiting)
		if paused.stdout != "" || !strings.Contains(paused.stderr, "migration") || w.hasName("ip-203-0-113-1.media.example.com") {
			t.Errorf("paused: %+v", paused)
		}
		w.do("resume").want(t, exitDone)

		w.do("prewarm").want(t, exitDone, "names published: 2")
		if !w.hasName("ip-203-0-113-1.media.example.com") || !w.hasName("ip-203-0-113-2.media.example.com") {
			t.Errorf("%s", w.state())
		}
		if again := w.do("prewarm", "--json"); again.code != exitDone || again.stdout != `{"published":0}`+"\n" {
			t.Errorf("again: %+v", again)
		}
		before := w.sim.Calls()
		w.do("bind", w.launch(1)[0]).want(t, exitDone, "bound")
		for _, action := range []string{"ChangeResourceRecordSets", "GetChange"} {
			if n := w.sim.Calls()[action] - before[action]; n != 0 {
				t.Errorf("%d calls of %s for a name that was there", n, action)
			}
		}
	})
}

func TestPrewarmGoesOnBesideANameThatIsTaken(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		w.point("ip-203-0-113-1.media.example.com", "192.0.2.7")
		got := w.do("prewarm", "--keep-names", "true")
		got.want(t, exitFailed, "names published: 1")
		if !strings.Contains(got.stderr, "ip-203-0-113-1") || !w.hasName("ip-203-0-113-2.media.example.com") {
			t.Errorf("%+v\n%s", got, w.state())
		}
	})
}

func TestPrewarmCanBeInterrupted(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		got := execute(ctx, w.cloud(), "prewarm", "--keep-names", "true")
		if got.code != exitFailed || got.stderr != "eipbinder: interrupted\n" {
			t.Errorf("%+v", got)
		}
		w.do("prewarm", "--keep-names", "true").want(t, exitDone)
	})
}
