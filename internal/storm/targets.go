package storm

import (
	"fmt"
	"strings"
	"time"
)

// target is what a contender of this module must reach.
type target struct {
	what    string
	applies func(Result) bool
	measure func(Result) float64
	atMost  float64
}

// dnsAllowance is what names of instances may add to the floor, in seconds: the
// longest time to INSYNC, what changes wait for each other, and the time between
// two looks.
func dnsAllowance() float64 {
	s := forBatches()
	return (time.Minute + s.linger + s.poll).Seconds()
}

// timesOurs is how many times as long as with this module others take at least
// until 99 % of 250 workers are usable.
const timesOurs = 5

// Decides reports whether a run is one that targets are about, and not merely
// one of a few more loads.
func Decides(p Profile, c Contender) bool {
	switch p.Name {
	case "250":
		return true
	case "1000", "1000-old-route53", "churn":
		return strings.HasSuffix(c.Name, " names") && !strings.HasPrefix(c.Name, "event")
	}
	return false
}

// targets are those of 1,000 nodes where not said otherwise.
func targets() []target {
	const anyone, controller, batches = "", "controller", "SQS batches"
	thousand := func(how, names string) func(Result) bool {
		return func(r Result) bool {
			return strings.HasPrefix(r.Profile, "1000") && strings.HasPrefix(r.Contender, how) && strings.HasSuffix(r.Contender, names)
		}
	}
	overFloor := func(r Result) float64 { return r.Ratio }
	withDNS := func(r Result) float64 { return max(0, r.Last-dnsAllowance()) / r.FloorLast }
	return []target{
		{"last usable ÷ floor", thousand(controller, string(Prewarmed)), overFloor, 1.03},
		{"last usable ÷ floor", thousand(batches, string(Prewarmed)), overFloor, 1.10},
		{"(last usable - DNS) ÷ floor", thousand(controller, string(ByInstance)), withDNS, 1.03},
		{"(last usable - DNS) ÷ floor", thousand(batches, string(ByInstance)), withDNS, 1.10},
		{"workers that are never usable", Result.ours, func(r Result) float64 { return float64(r.Late) }, 0},
		{"broken invariants", Result.ours, func(r Result) float64 { return float64(r.broken()) }, 0},
		{"left behind", Result.ours, func(r Result) float64 { return float64(r.Leftovers.Rows + r.Leftovers.Names + r.Leftovers.Addresses) }, 0},
		{"EC2 mutating calls per node", thousand(controller, anyone), func(r Result) float64 { return r.PerNode.EC2Mutating }, 1.02},
		{"EC2 describe calls per node", thousand(controller, anyone), func(r Result) float64 { return r.PerNode.EC2Describe }, 0.05},
		{"Route 53 requests per node", thousand(controller, string(Prewarmed)), func(r Result) float64 { return r.bindingRoute53() }, 0},
		{"Route 53 requests per node", thousand(controller, string(ByInstance)), func(r Result) float64 { return r.PerNode.Route53 }, 0.2},
		{"store transactions per node", thousand(controller, anyone), func(r Result) float64 { return r.PerNode.Transactions }, 4},
		{"throttled share", thousand(controller, anyone), func(r Result) float64 { return r.ThrottledShare }, 0.01},
	}
}

// broken is how often an invariant did not hold.
func (r Result) broken() int {
	n := 0
	for _, times := range r.Violations {
		n += times
	}
	return n
}

// bindingRoute53 is the requests of bindings: a sweep lists the zone.
func (r Result) bindingRoute53() float64 {
	n := 0
	for _, c := range r.Calls {
		if c.API == "ChangeResourceRecordSets" || c.API == "GetChange" {
			n += c.Calls
		}
	}
	return float64(n) / float64(r.Nodes)
}

// Missed says which targets the results miss.
func Missed(results []Result) []string {
	var missed []string
	for _, r := range results {
		for _, t := range targets() {
			if got := t.measure(r); t.applies(r) && got > t.atMost {
				missed = append(missed, fmt.Sprintf("storm %s, %s: %s: %.3f, more than %.3f", r.Profile, r.Contender, t.what, got, t.atMost))
			}
		}
	}
	return append(missed, tooFast(ofProfile(results, "250"))...)
}

// tooFast compares the time until 99 % were usable with that of this module's
// controller, the first of the results.
func tooFast(results []Result) []string {
	var missed []string
	for _, r := range results {
		if times := r.P99 / results[0].P99; r.P99 > 0 && !r.ours() && times < timesOurs {
			missed = append(missed, fmt.Sprintf("storm %s, %s: 99 %% usable in %.1f times the time of %s, not in %d times", r.Profile, r.Contender, times, results[0].Contender, timesOurs))
		}
	}
	return missed
}

// ours reports whether this module made the result.
func (r Result) ours() bool { return strings.HasSuffix(r.Contender, " names") }
