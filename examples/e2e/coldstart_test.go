package e2e_test

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkColdStart measures from the start of the process to the answer to
// its first event, which concerns no worker: one DescribeInstances, and with the
// check four calls before it. It reports the median, and asserts nothing.
func BenchmarkColdStart(b *testing.B) {
	for _, check := range []string{"false", "true"} {
		b.Run("check="+check, func(b *testing.B) {
			c := clouds["awssim and dynoxide"](b)
			c.allocate(b, pooled)
			instance, _ := c.launch(b, other)
			settings := c.settings("EIPBINDER_CHECK", check)
			programFor(b) // builds it
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				start(b, settings).invoke(b, event(instance, "running"))
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/start")
		})
	}
}
