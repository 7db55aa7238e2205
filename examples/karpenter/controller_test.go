package karpenter

import (
	"os"
	"testing"
)

// startController starts examples/controller on a cool-down that outlives the
// test. What it would wait for on AWS, DNS and late calls, moto does at once.
func startController(tb testing.TB, c *cluster, w *cloud) *process {
	tb.Helper()
	return start(tb, w.settings(
		"EIPBINDER_SUFFIX="+suffix,
		"EIPBINDER_HOSTED_ZONE_ID="+w.zoneID,
		"EIPBINDER_POOL_TAGS=Pool=media",
		"EIPBINDER_INSTANCE_TAGS=karpenter.sh/nodepool=media",
		"EIPBINDER_STORE=dynamodb",
		"EIPBINDER_DNS_FIRST_LOOK=50ms", "EIPBINDER_DNS_POLL_INTERVAL=50ms",
		"EIPBINDER_LATE_CALLS=1s", "EIPBINDER_COOL_DOWN=1h",
	), os.Getenv(controllerProgram),
		"--kubeconfig", c.kubeconfig(tb, "eipbinder", "system:masters"),
		"--sweep-every=1s", "--metrics-address=0", "--health-address=0")
}
