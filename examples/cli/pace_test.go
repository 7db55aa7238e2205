package main

import (
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// What the settings say reaches the clients, the pool and the zone.
func TestPace(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.env[deployment.EnvKeepNames], w.env[deployment.EnvDNSWait] = "true", "10m"
		w.env[deployment.EnvDNSFirstLook], w.env[deployment.EnvDNSPollInterval] = "2m", "1m"
		began := time.Now()
		before := w.sim.Calls()
		w.do("prewarm").want(t, exitDone, "names published: 3")
		if took, looks := time.Since(began), w.sim.Calls()["GetChange"]-before["GetChange"]; took < 2*time.Minute || took > 3*time.Minute || looks != 1 {
			t.Errorf("%d looks in %s, want the first one after two minutes", looks, took)
		}

		w.env[deployment.EnvAssociateLimit], w.env[deployment.EnvShare] = "2/0.5", "0.5" // one, and one more in four seconds
		ids := w.launch(3)
		began, before = time.Now(), w.sim.Calls()
		w.do(append([]string{"reconcile"}, ids...)...).want(t, exitDone, "bound")
		if took := time.Since(began); took < 7*time.Second || took > 15*time.Second {
			t.Errorf("3 associations take %s, want 8s for the last two", took)
		}
		after := w.sim.Calls()
		if n := after["AssociateAddress"] - before["AssociateAddress"]; n != 3 {
			t.Errorf("%d calls of AssociateAddress for 3 workers", n)
		}
	})
}

// The workers of a command share one look at the addresses: the pool's list.
func TestOneLookForACommand(t *testing.T) {
	inWorld(t, 5, func(t *testing.T, w *world) {
		ids := w.launch(5)
		before := w.sim.Calls()
		w.do(append([]string{"reconcile"}, ids...)...).want(t, exitDone, "bound")
		if n := w.sim.Calls()["DescribeAddresses"] - before["DescribeAddresses"]; n != 1 {
			t.Errorf("%d calls of DescribeAddresses for 5 workers", n)
		}
	})
}
