package storm_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/internal/storm"
)

// small is a storm that is over soon, but longer than the bucket's burst.
func small() storm.Profile {
	return storm.Profile{Name: "small", Nodes: 60, Within: 3 * time.Second, Addresses: 75, Horizon: 20 * time.Minute}
}

// TestSmallStorm checks what must be so under any load.
func TestSmallStorm(t *testing.T) {
	var results []storm.Result
	for _, c := range []storm.Contender{
		storm.Controller(storm.Prewarmed), storm.Queue(storm.Prewarmed), storm.EventByEvent(storm.Prewarmed),
		storm.Controller(storm.ByInstance), storm.ClusterLock(), storm.Prototype(),
	} {
		t.Run(c.Name, func(t *testing.T) {
			r := run(t, c, small())
			results = append(results, r)
			checkFloor(t, r)
			switch {
			case strings.HasSuffix(c.Name, " names"):
				checkOurs(t, r)
			case c.Name == "prototype" && (r.Last != 0 || r.Violations[storm.Displaced] == 0):
				t.Errorf("the prototype bound %d and broke %v: what it is known for goes unseen", r.Usable, r.Violations)
			case c.Name == "cluster-wide lock" && (r.Usable != r.Nodes || len(r.Violations) > 0):
				t.Errorf("the lock bound %d and broke %v: it is slow, but safe", r.Usable, r.Violations)
			}
		})
	}
	checkOutput(t, results)
}

// checkFloor: nobody can be faster than the floor.
func checkFloor(t *testing.T, r storm.Result) {
	if r.Nodes != 60 || len(r.Floor) != 60 {
		t.Fatalf("%d nodes and a floor of %d, want 60 of each", r.Nodes, len(r.Floor))
	}
	for i, at := range r.UsableAt {
		if at < r.Floor[i] {
			t.Fatalf("node %d was usable after %.3f s, and could not be before %.3f s", i+1, at, r.Floor[i])
		}
	}
}

// checkOurs: this module binds all, breaks nothing, and calls no more than it must.
func checkOurs(t *testing.T, r storm.Result) {
	if r.Usable != r.Nodes || r.Late != 0 || r.Last == 0 {
		t.Errorf("%d of %d usable, %d too late", r.Usable, r.Nodes, r.Late)
	}
	if len(r.Violations) > 0 || r.Leftovers != (storm.Leftovers{}) {
		t.Errorf("broken: %v; left over: %v", r.Violations, r.Leftovers)
	}
	// A worker whose event is lost waits for the sweep: at most a minute, and DNS.
	if r.Last > r.FloorLast+60+65 {
		t.Errorf("the last one was usable after %.1f s, with a floor of %.1f s", r.Last, r.FloorLast)
	}
	if r.PerNode.EC2Mutating > 1.05 {
		t.Errorf("%.3f mutating calls of EC2 per node", r.PerNode.EC2Mutating)
	}
	if r.PerNode.Transactions > 4 {
		t.Errorf("%.2f transactions per node", r.PerNode.Transactions)
	}
	if r.ThrottledShare > 0.01 {
		t.Errorf("%.1f %% of the calls were throttled", 100*r.ThrottledShare)
	}
	for _, c := range r.Calls {
		if strings.Contains(r.Contender, "prewarmed") && (c.API == "ChangeResourceRecordSets" || c.API == "GetChange") {
			t.Errorf("%d calls of %s in spite of prewarmed names", c.Calls, c.API)
		}
	}
}

func checkOutput(t *testing.T, results []storm.Result) {
	var table, data, picture bytes.Buffer
	for _, err := range []error{
		storm.WriteTable(&table, results), storm.WriteJSON(&data, results), storm.WriteChart(&picture, results),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var again []storm.Result
	if err := json.Unmarshal(data.Bytes(), &again); err != nil || len(again) != len(results) {
		t.Errorf("JSON of %d results: %v", len(again), err)
	}
	for _, r := range results {
		if !strings.Contains(table.String(), r.Contender) || !strings.Contains(picture.String(), ">"+r.Contender+"<") {
			t.Errorf("table or picture lacks %q", r.Contender)
		}
	}
	wellFormed(t, &picture)
}

func wellFormed(t *testing.T, r io.Reader) {
	t.Helper()
	d := xml.NewDecoder(r)
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestThousand: what 1,000 workers must reach with prewarmed names. The others'
// targets need TestStorms, with -storm.targets.
func TestThousand(t *testing.T) {
	p, err := storm.FindProfile("1000")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, storm.Controller(storm.Prewarmed), p)
	for _, missed := range storm.Missed([]storm.Result{r}) {
		t.Error(missed)
	}
	if r.Ratio == 0 || r.PerNode.EC2Mutating < 1 {
		t.Errorf("÷ floor %v, %v associations per node: this was no storm", r.Ratio, r.PerNode.EC2Mutating)
	}
}

// TestSeedRepeats: the whole of a run follows from its seed, but for what
// happens at one instant, whose order is the scheduler's.
func TestSeedRepeats(t *testing.T) {
	p := storm.Profile{Name: "tiny", Nodes: 10, Within: time.Second, Addresses: 12, Horizon: 20 * time.Minute}
	first, second := run(t, storm.Controller(storm.Prewarmed), p), run(t, storm.Controller(storm.Prewarmed), p)
	same := slices.EqualFunc(first.UsableAt, second.UsableAt, func(x, y float64) bool { return math.Abs(x-y) < 0.05 })
	if !same {
		t.Errorf("usable after %v, and then after %v", first.UsableAt, second.UsableAt)
	}
}
