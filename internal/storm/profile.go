package storm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Profile is a load: how many workers are launched and when.
type Profile struct {
	Name string
	// Nodes are launched in bursts of 40 to 70 within this time.
	Nodes  int
	Within time.Duration
	// Addresses is the size of the pool.
	Addresses int
	// Churn goes on after the bursts; the zero Churn is none.
	Churn Churn
	// Horizon is when a run ends at the latest. With Churn it ends then: so long
	// after the last launch that its workers are missed if they are not usable.
	Horizon time.Duration
	// OldRoute53 is Route 53's quota before July 2026: 5 requests a second.
	OldRoute53 bool
}

// Churn is a steady come and go: every so often, until a time after the first
// launch, Nodes are launched and as many terminated.
type Churn struct {
	Every, Until time.Duration
	Nodes        int
}

// churnTime is for how long workers come and go.
const churnTime = 10 * time.Minute

// minimumAge is how old a worker at least is when Churn terminates it.
const minimumAge = time.Minute

// churnAddresses is what a pool needs for the churn. With names of instances a
// freed address is nobody's for six minutes, in which late calls may still land,
// and taking it back takes up to two before: at 30 workers a minute that is 240
// beside the 100 in use.
const churnAddresses = 400

// Profiles returns the storms and the churn, with Route 53's quotas of today and
// then with those of before.
func Profiles() []Profile {
	today := []Profile{
		storm("50", 50, 5*time.Second),
		storm("250", 250, 10*time.Second),
		storm("500", 500, time.Minute),
		storm("1000", 1000, time.Minute),
		{Name: "churn", Nodes: 100, Within: time.Minute, Addresses: churnAddresses, Horizon: churnTime + patience,
			Churn: Churn{Every: 10 * time.Second, Until: churnTime, Nodes: 5}},
	}
	all := slices.Clone(today)
	for _, p := range today {
		p.Name, p.OldRoute53 = p.Name+"-old-route53", true
		all = append(all, p)
	}
	return all
}

func storm(name string, nodes int, within time.Duration) Profile {
	return Profile{Name: name, Nodes: nodes, Within: within, Addresses: nodes * 5 / 4, Horizon: time.Hour}
}

// FindProfile returns the profile of this name.
func FindProfile(name string) (Profile, error) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, fmt.Errorf("there is no profile %q", name)
	}
	return all[i], nil
}

// Launches is how many workers the profile launches in all.
func (p Profile) Launches() int {
	n := p.Nodes
	for _, s := range p.churn(rand.New(rand.NewPCG(0, 0)), nil) {
		n += s.launch
	}
	return n
}

// step is what happens at one moment: so many workers are launched, and those
// that were launched as the n-th ones are terminated.
type step struct {
	at        time.Duration
	launch    int
	terminate []int
}

// script is the profile's launches and terminations, in order.
func (p Profile) script(seed uint64) []step {
	g := rand.New(rand.NewPCG(seed, uint64(len(p.Name))))
	steps := p.bursts(g)
	return append(steps, p.churn(g, steps)...)
}

// bursts come at random moments, the first one at once.
func (p Profile) bursts(g *rand.Rand) []step {
	var steps []step
	for left := p.Nodes; left > 0; {
		n := min(left, 40+g.IntN(31))
		left -= n
		at := time.Duration(0)
		if len(steps) > 0 {
			at = time.Duration(g.Int64N(int64(p.Within)))
		}
		steps = append(steps, step{at: at, launch: n})
	}
	slices.SortFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	return steps
}

// churn goes on where the bursts end.
func (p Profile) churn(g *rand.Rand, before []step) []step {
	if p.Churn.Every == 0 {
		return nil
	}
	var launched []time.Duration // when, by the order of launching
	for _, s := range before {
		launched = append(launched, slices.Repeat([]time.Duration{s.at}, s.launch)...)
	}
	gone := map[int]bool{}
	var steps []step
	for at := p.Within + p.Churn.Every; at <= p.Churn.Until; at += p.Churn.Every {
		s := step{at: at, launch: p.Churn.Nodes}
		for range p.Churn.Nodes {
			if n, ok := victim(g, launched, gone, at-minimumAge); ok {
				gone[n] = true
				s.terminate = append(s.terminate, n)
			}
		}
		launched = append(launched, slices.Repeat([]time.Duration{at}, s.launch)...)
		steps = append(steps, s)
	}
	return steps
}

// victim picks a worker that was launched before this moment and still lives.
func victim(g *rand.Rand, launched []time.Duration, gone map[int]bool, before time.Duration) (int, bool) {
	var old []int
	for n, at := range launched {
		if at < before && !gone[n] {
			old = append(old, n)
		}
	}
	if len(old) == 0 {
		return 0, false
	}
	return old[g.IntN(len(old))], true
}
