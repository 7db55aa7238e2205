package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// withProfiles gives the world a configuration with two profiles, and an
// address for the second.
func (w *world) withProfiles(t *testing.T) {
	t.Helper()
	if _, err := w.sim.Allocate("", map[string]string{"Pool": "turn"}); err != nil {
		t.Fatal(err)
	}
	w.env = map[string]string{deployment.EnvConfig: fmt.Sprintf(`
hostedZoneID: %s
profiles:
- name: media
  suffix: media.example.com
  poolTags: Pool=media
  instanceTags: karpenter.sh/nodepool=media
  policy: dashed-ip
- name: turn
  suffix: turn.example.com
  poolTags: {Pool: turn}
  instanceTags: {karpenter.sh/nodepool: turn}
  policy: [slot:Slot, instance-id]
`, w.env[deployment.EnvHostedZoneID])}
}

func TestProfilesFromAFile(t *testing.T) {
	inWorld(t, 1, func(t *testing.T, w *world) {
		w.withProfiles(t)
		zone := "Z"
		w.do("check").want(t, exitDone, "PROFILE INSTANCES POOL SUFFIX ZONE POLICY BINDER",
			"turn karpenter.sh/nodepool=turn Pool=turn turn.example.com "+zone, "slot:Slot || instance-id eipbinder-turn", "ok:")

		media := w.launchPending(1)[0]
		turn, err := w.sim.Launch(awssim.LaunchSpec{Tags: map[string]string{"karpenter.sh/nodepool": "turn"}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		before := w.sim.Calls()
		w.do("reconcile", media, turn[0]).want(t, exitDone, media+" bound 203.0.113.1 ip-203-0-113-1.media.example.com", turn[0]+" bound 203.0.113.2 "+turn[0]+".turn.example.com")
		if n := w.sim.Calls()["DescribeInstances"] - before["DescribeInstances"]; n != 1 {
			t.Errorf("%d calls of DescribeInstances for one batch", n)
		}
		w.do("sweep").want(t, exitDone, "Nothing to do, and nothing found.")
		if err := w.sim.Terminate(turn...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		w.do("sweep", "--dry-run").want(t, exitDone, "PLAN turn unbind "+turn[0])
		w.do("drain", media).want(t, exitDone, media+" already-bound")
		w.do("sweep", "--json").want(t, exitDone, `"profile":"turn"`)
		w.do("pause", "--reason", "migration").want(t, exitDone)
		w.do("list").want(t, exitDone, "bound,draining "+media)
	})
}

func TestWrongProfiles(t *testing.T) {
	w := newWorld(t, 1)
	w.withProfiles(t)
	wantUsage(t, w.do("check", "--ttl", "30s"), "EIPBINDER_TTL: is set beside EIPBINDER_CONFIG")
	right := w.env[deployment.EnvConfig]
	w.env[deployment.EnvConfig] = strings.Replace(right, "suffix: turn", "sufix: turn", 1)
	wantUsage(t, w.do("check"), "profiles[1].suffix: is not set", "profiles[1].sufix: is not a setting")
	w.env[deployment.EnvConfig] = strings.Replace(right, "turn.example.com", "turn.example.org", 1)
	wantUsage(t, w.do("check"), `profile "turn": `, "turn.example.org")
	w.env[deployment.EnvConfig] = "{"
	for _, command := range []string{"list", "resume", "tables create"} { // rather than to work on other tables
		wantUsage(t, w.do(strings.Fields(command)...), "EIPBINDER_CONFIG: it is neither YAML nor JSON")
	}
}
