package storm_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/internal/storm"
)

// TestMissedByPeers: others must be slower, if they get there at all.
func TestMissedByPeers(t *testing.T) {
	ours := storm.Result{Profile: "250", Contender: storm.Controller(storm.Prewarmed).Name, P99: 60}
	for p99, misses := range map[float64]int{0: 0, 299: 1, 301: 0} {
		peer := storm.Result{Profile: "250", Contender: storm.ClusterLock().Name, P99: p99}
		if missed := storm.Missed([]storm.Result{ours, peer}); len(missed) != misses {
			t.Errorf("99 %% after %v s beside 60 s: missed %v, want %d", p99, missed, misses)
		}
	}
}

// TestDecides: what the targets are about is run for them.
func TestDecides(t *testing.T) {
	runs := map[string]int{}
	for _, p := range storm.Profiles() {
		for _, c := range storm.Contenders() {
			if storm.Decides(p, c) {
				runs[p.Name]++
			}
		}
	}
	if want := map[string]int{"250": 8, "1000": 4, "churn": 4, "1000-old-route53": 4}; !maps.Equal(runs, want) {
		t.Errorf("runs by profile: %v, want %v", runs, want)
	}
}

// shortest is one AssociateAddress and one write, as fast as they get.
const shortest = 33 * time.Millisecond

func TestFloor(t *testing.T) {
	at := func(seconds ...float64) (times []time.Duration) {
		for _, s := range seconds {
			times = append(times, time.Duration(s*float64(time.Second)))
		}
		return times
	}
	same := func(n int, seconds float64) []time.Duration { return slices.Repeat(at(seconds), n) }
	for name, test := range map[string]struct{ running, want []time.Duration }{
		"nobody":                     {nil, nil},
		"a burst at once":            {same(50, 5), same(50, 5)},
		"then five in a second":      {same(53, 5), slices.Concat(same(50, 5), at(5.2, 5.4, 5.6))},
		"order does not matter":      {at(7, 6), at(6, 7)},
		"tokens come back meanwhile": {slices.Concat(same(50, 5), at(6, 6, 6, 6, 6, 6)), slices.Concat(same(50, 5), at(6, 6, 6, 6, 6, 6.2))},
	} {
		got := storm.Floor(test.running)
		for i := range got {
			got[i] -= shortest
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	// 50 at once and 5 a second: 1,000 take (1000-50)/5 s.
	thousand := storm.Floor(same(1000, 0))
	if last := thousand[999]; last != 190*time.Second+shortest {
		t.Errorf("the last of 1,000: %s", last)
	}
}

func TestProfiles(t *testing.T) {
	for _, p := range storm.Profiles() {
		found, err := storm.FindProfile(p.Name)
		if err != nil || found != p {
			t.Errorf("FindProfile(%q) = %v, %v", p.Name, found, err)
		}
		if p.Launches() < p.Nodes || (p.Launches() > p.Nodes) != (p.Churn.Every > 0) {
			t.Errorf("%s: %d launches of %d nodes", p.Name, p.Launches(), p.Nodes)
		}
	}
	if _, err := storm.FindProfile("none"); err == nil {
		t.Error("found a profile that does not exist")
	}
}

// TestChartEscapes: names are text, whatever is in them.
func TestChartEscapes(t *testing.T) {
	var b bytes.Buffer
	results := []storm.Result{{Profile: "a<b", Contender: `"x" & <y>`, Nodes: 2, UsableAt: []float64{1, 2}, Floor: []float64{1, 1.5}}}
	if err := storm.WriteChart(&b, results); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<y>") {
		t.Error("markup in a name is markup in the picture")
	}
	wellFormed(t, &b)
	b.Reset()
	if err := storm.WriteChart(&b, nil); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, &b)
}

func TestMissed(t *testing.T) {
	good := storm.Result{Profile: "1000", Contender: storm.Controller(storm.Prewarmed).Name, Nodes: 1000, Usable: 1000, Last: 196, FloorLast: 195, Ratio: 196.0 / 195,
		PerNode: storm.PerNode{EC2Mutating: 1, EC2Describe: 0.04, Transactions: 2}}
	if missed := storm.Missed([]storm.Result{good}); len(missed) > 0 {
		t.Errorf("missed: %v", missed)
	}
	for name, spoil := range map[string]func(*storm.Result){
		"slow":       func(r *storm.Result) { r.Ratio = 1.04 },
		"incomplete": func(r *storm.Result) { r.Late = 1 },
		"broken":     func(r *storm.Result) { r.Violations = map[string]int{storm.Stolen: 1} },
		"leftover":   func(r *storm.Result) { r.Leftovers.Rows = 1 },
		"mutating":   func(r *storm.Result) { r.PerNode.EC2Mutating = 1.03 },
		"describe":   func(r *storm.Result) { r.PerNode.EC2Describe = 0.06 },
		"DNS":        func(r *storm.Result) { r.Calls = []storm.Calls{{API: "GetChange", Calls: 1}} },
		"store":      func(r *storm.Result) { r.PerNode.Transactions = 4.1 },
		"throttled":  func(r *storm.Result) { r.ThrottledShare = 0.02 },
	} {
		bad := good
		spoil(&bad)
		if missed := storm.Missed([]storm.Result{bad}); len(missed) != 1 {
			t.Errorf("%s: missed %v, want one", name, missed)
		}
	}
}
