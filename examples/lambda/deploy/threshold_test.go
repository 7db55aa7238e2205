package main

import (
	"slices"
	"testing"
)

// threshold is when an alarm goes off.
type threshold struct {
	statistic, comparison, missing string
	value                          float64
	period                         int // in minutes
	periods                        int // all have to breach
}

// goesOff evaluates the alarm at the end of the last minute, as CloudWatch's user
// guide has it ("Configuring how CloudWatch alarms treat missing data"): it looks at
// some spare periods more than the alarm has. If data is missing, the last ones
// that are there count, and only what is still wanting is made up.
func (a threshold) goesOff(t *testing.T, minutes [][]float64, spare int) bool {
	t.Helper()
	var breaches []bool
	for end := len(minutes); end > len(minutes)-(a.periods+spare)*a.period; end -= a.period {
		samples := slices.Concat(minutes[max(0, end-a.period):max(0, end)]...)
		if len(samples) > 0 && len(breaches) < a.periods {
			breaches = append(breaches, a.breaches(t, samples))
		}
	}
	for len(breaches) < a.periods {
		breaches = append(breaches, a.missing == "breaching")
	}
	return !slices.Contains(breaches, false)
}

func (a threshold) breaches(t *testing.T, samples []float64) bool {
	t.Helper()
	switch got := a.statisticOf(t, samples); a.comparison {
	case "GreaterThanThreshold":
		return got > a.value
	case "LessThanThreshold":
		return got < a.value
	default:
		t.Fatalf("comparison %s", a.comparison)
		return false
	}
}

func (a threshold) statisticOf(t *testing.T, samples []float64) float64 {
	t.Helper()
	sum := 0.0
	for _, s := range samples {
		sum += s
	}
	switch a.statistic {
	case "Sum":
		return sum
	case "Maximum":
		return slices.Max(samples)
	case "Minimum":
		return slices.Min(samples)
	case "SampleCount":
		return float64(len(samples))
	default:
		t.Fatalf("statistic %s", a.statistic)
		return 0
	}
}
