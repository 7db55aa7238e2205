package storm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// Result is what came of one contender under one profile. Times are in seconds
// since the first launch.
type Result struct {
	Profile   string `json:"profile"`
	Contender string `json:"contender"`
	Seed      uint64 `json:"seed"`
	// Nodes were launched; Usable of them became so. Late is how many ran for three
	// minutes and never were; all others were gone too soon.
	Nodes  int `json:"nodes"`
	Usable int `json:"usable"`
	Late   int `json:"late"`
	// First to Last are when the first one was usable, a half of all, 99 % of all,
	// and all; zero if so many never were.
	First float64 `json:"first"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Last  float64 `json:"last"`
	// WaitP50 and WaitP99 are how long workers waited from running to usable.
	WaitP50 float64 `json:"waitP50"`
	WaitP99 float64 `json:"waitP99"`
	// FloorLast is when the last one could have been usable at the earliest; Ratio
	// is Last in proportion to it, and zero if Last is.
	FloorLast float64 `json:"floorLast"`
	Ratio     float64 `json:"ratio"`
	// EventFloorLast is the same for who learns of workers by events alone, those
	// whose events are lost left out.
	EventFloorLast float64 `json:"eventFloorLast"`
	// Calls are how often AWS's APIs were called, by name. They, and the two that
	// follow, count from the first launch until all were usable; with churn, and
	// where not all became so, until the run's end.
	Calls []Calls `json:"calls"`
	// PerNode is the same by kind and for each worker, and the store's operations.
	PerNode PerNode `json:"perNode"`
	// ThrottledShare is the part of AWS's calls that was throttled.
	ThrottledShare float64 `json:"throttledShare"`
	// Violations are what must never happen, by its name, and how often it did.
	Violations map[string]int `json:"violations,omitempty"`
	Leftovers  Leftovers      `json:"leftovers"`
	// UsableAt and Floor are the curves: when each worker was, or could have been.
	UsableAt []float64 `json:"usableAt"`
	Floor    []float64 `json:"floor"`
}

// Calls is how often one API was called and throttled.
type Calls struct {
	API       string `json:"api"`
	Calls     int    `json:"calls"`
	Throttled int    `json:"throttled"`
}

// PerNode is how often things were called for each launched worker.
type PerNode struct {
	EC2Mutating  float64 `json:"ec2Mutating"`
	EC2Describe  float64 `json:"ec2Describe"`
	Route53      float64 `json:"route53"`
	Transactions float64 `json:"transactions"`
	Reads        float64 `json:"reads"`
}

// BoundShare is the part that became usable of those that lived long enough.
func (r Result) BoundShare() float64 {
	return float64(r.Usable) / max(1, float64(r.Usable+r.Late))
}

// Calls is the sum of AWS's APIs.
func (p PerNode) Calls() float64 { return p.EC2Mutating + p.EC2Describe + p.Route53 }

// settle is for how long a run goes on when all are usable, to see what is
// called and damaged late.
const settle = time.Minute

// Run lets the contender compete, in a synctest bubble.
func Run(ctx context.Context, c Contender, p Profile, seed uint64) (Result, error) {
	w, err := newWorld(p, seed)
	if err != nil {
		return Result{}, err
	}
	if c.Prepare != nil {
		if err := c.Prepare(ctx, w); err != nil {
			return Result{}, err
		}
	}
	w.begin()
	limited, cancel := context.WithTimeout(ctx, p.Horizon)
	defer cancel()
	if p.Churn.Every == 0 {
		go func() {
			select {
			case <-w.judge.all:
				_ = sleep(limited, settle)
				cancel()
			case <-limited.Done():
			}
		}()
	}
	if err := c.Run(limited, w); err != nil {
		return Result{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	return w.result(c), nil
}

// counts is what has been called.
type counts struct {
	calls, throttled    map[string]int
	transactions, reads int
}

func (w *World) counts() counts {
	c := counts{calls: w.Sim.Calls(), throttled: w.Sim.Throttled()}
	c.transactions, c.reads = w.Records.counts()
	return c
}

func (w *World) result(c Contender) Result {
	r := Result{Profile: w.Profile.Name, Contender: c.Name, Seed: w.Seed, Nodes: len(w.launched), Leftovers: w.judge.leftovers(c.PerAddress)}
	w.judge.mu.Lock()
	defer w.judge.mu.Unlock()
	r.Violations = maps.Clone(w.judge.violations)
	w.times(&r)
	end := w.judge.atAll
	if end.calls == nil || w.Profile.Churn.Every > 0 {
		end = w.counts()
	}
	w.count(&r, end)
	return r
}

// patience is how long a worker must have run to be missed among the usable
// ones: until a sweep finds that its event was lost, DNS's time, and another sweep.
const patience = 3 * time.Minute

// times fills in when workers were and could have been usable.
func (w *World) times(r *Result) {
	running, gone := w.lives()
	var waits []float64
	for id, at := range running {
		usable, ok := w.judge.usable[id]
		switch {
		case ok:
			r.UsableAt = append(r.UsableAt, seconds(w.since(usable)))
			waits = append(waits, (w.since(usable) - at).Seconds())
		case gone[id]-at > patience:
			r.Late++
		}
	}
	slices.Sort(r.UsableAt)
	slices.Sort(waits)
	r.Usable = len(r.UsableAt)
	r.First, r.P50, r.P99, r.Last = share(r.UsableAt, 0, r.Nodes), share(r.UsableAt, 0.5, r.Nodes), share(r.UsableAt, 0.99, r.Nodes), share(r.UsableAt, 1, r.Nodes)
	r.WaitP50, r.WaitP99 = share(waits, 0.5, len(waits)), share(waits, 0.99, len(waits))
	for _, at := range Floor(slices.Collect(maps.Values(running))) {
		r.Floor = append(r.Floor, seconds(at))
	}
	r.FloorLast = share(r.Floor, 1, len(r.Floor))
	if heard := Floor(w.heard()); len(heard) > 0 {
		r.EventFloorLast = heard[len(heard)-1].Seconds()
	}
	if w.Profile.Churn.Every == 0 && r.FloorLast > 0 { // else the last launch decides
		r.Ratio = r.Last / r.FloorLast
	}
}

// seconds rounds to milliseconds, for files that people read.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// lives returns from when and until when each instance was running, at most
// until now.
func (w *World) lives() (running, gone map[string]time.Duration) {
	running, gone = map[string]time.Duration{}, map[string]time.Duration{}
	for _, change := range w.Sim.StateChanges(0) {
		switch change.State {
		case awssim.Running:
			running[change.InstanceID], gone[change.InstanceID] = w.since(change.At), w.since(time.Now())
		case awssim.ShuttingDown:
			gone[change.InstanceID] = w.since(change.At)
		}
	}
	return running, gone
}

// heard returns when the first event of each running worker arrived.
func (w *World) heard() []time.Duration {
	var first []time.Duration
	seen := map[string]bool{}
	for _, d := range w.Sim.Deliveries(0) {
		if d.Change.State == awssim.Running && !seen[d.Change.InstanceID] {
			seen[d.Change.InstanceID] = true
			first = append(first, w.since(d.At))
		}
	}
	return first
}

// share returns the value that this part of all is at or below, zero if there
// are not so many. The values are sorted.
func share[T cmp.Ordered](values []T, part float64, all int) (none T) {
	n := max(1, int(part*float64(all)+0.999999))
	if n > len(values) {
		return none
	}
	return values[n-1]
}

// count fills in what was called since the set-up.
func (w *World) count(r *Result, end counts) {
	all, throttled := 0, 0
	for _, api := range slices.Sorted(maps.Keys(end.calls)) {
		c := Calls{API: api, Calls: end.calls[api] - w.before.calls[api], Throttled: end.throttled[api] - w.before.throttled[api]}
		if c.Calls == 0 {
			continue
		}
		r.Calls = append(r.Calls, c)
		all, throttled = all+c.Calls, throttled+c.Throttled
		*r.PerNode.kind(api) += float64(c.Calls) / float64(r.Nodes)
	}
	r.PerNode.Transactions = float64(end.transactions-w.before.transactions) / float64(r.Nodes)
	r.PerNode.Reads = float64(end.reads-w.before.reads) / float64(r.Nodes)
	if all > 0 {
		r.ThrottledShare = float64(throttled) / float64(all)
	}
}

// kind returns the sum that an API belongs to.
func (p *PerNode) kind(api string) *float64 {
	switch api {
	case "ChangeResourceRecordSets", "GetChange", "ListResourceRecordSets", "GetHostedZone":
		return &p.Route53
	}
	if strings.HasPrefix(api, "Describe") {
		return &p.EC2Describe
	}
	return &p.EC2Mutating
}
