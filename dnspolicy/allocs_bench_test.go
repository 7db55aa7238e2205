//go:build !race

package dnspolicy_test

import "testing"

// TestPatternAllocs: a pattern names each binding, and again for each attempt.
// The race detector allocates, too: run this without it.
func TestPatternAllocs(t *testing.T) {
	policies, subject := benchmarked(t), rich()
	for name, most := range map[string]float64{"InstanceID": 1, "DashedIP": 4, "Pattern": 10} {
		got := testing.AllocsPerRun(100, func() {
			if _, err := policies[name].Names(subject); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%s allocates %v times, more than %v", name, got, most)
		}
	}
}
