package karpenter

import (
	"os"
	"testing"
)

// startController starts examples/controller as its chart does, and with the
// chart's rights, on a cool-down that outlives the test. What it would wait for on
// AWS, DNS and late calls, moto does at once.
func startController(tb testing.TB, c *cluster, w *cloud) *process {
	tb.Helper()
	i := c.install(tb, map[string]any{
		"region": region,
		"image":  map[string]any{"repository": "example.com/eipbinder-controller"},
		"config": map[string]any{
			"store":        "dynamodb",
			"hostedZoneID": w.zoneID,
			"profiles": []any{map[string]any{
				"name": "media", "suffix": suffix, "poolTags": "Pool=media", "instanceTags": "karpenter.sh/nodepool=media",
			}},
			"dnsFirstLook": "50ms", "dnsPollInterval": "50ms",
			"lateCalls": "1s", "coolDown": "1h",
			"controller": map[string]any{"sweepEvery": "1s"},
		},
	})
	return start(tb, w.settings(), os.Getenv(controllerProgram),
		append(i.command(), "--metrics-address=0", "--health-address=0")...)
}
