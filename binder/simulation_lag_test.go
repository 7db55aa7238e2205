package binder_test

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
)

// EC2 is eventually consistent: what it shows may be seconds old, rarely
// minutes, and an answer may be older than the one before it.

// longestLag is how old an answer of EC2 may be.
const longestLag = 2 * time.Minute

// glimpseEvery is how far apart the remembered states of EC2 are.
const glimpseEvery = 10 * time.Second

// glimpse is what EC2 had at a time.
type glimpse struct {
	at        time.Time
	instances []binder.Instance
	addresses []eippool.Address
}

// lagging returns what a read shows that lags behind, nil if it does not. The
// caller holds s.mu.
func (s *simulation) lagging(p *process, call string, ids ...string) *glimpse {
	if s.calm {
		return nil
	}
	s.glance()
	chance := s.roll("lag "+call, time.Now(), append(ids, p.name)...)
	often := []uint64{1, 1, 2, 3, 5, 30}[s.roll("weather", time.Now().Truncate(weatherLasts))%6] // percent
	if chance%100 >= often {
		return nil
	}
	lag := time.Second + time.Duration(chance>>8%uint64(19*time.Second))
	if chance>>50%20 == 0 {
		lag += time.Duration(chance >> 16 % uint64(longestLag-20*time.Second))
	}
	s.tally["reads that lag"]++
	for _, g := range slices.Backward(s.glimpses) {
		if time.Since(g.at) >= lag {
			return g
		}
	}
	return nil
}

// glance remembers what EC2 has now, and forgets what nobody is shown any more.
func (s *simulation) glance() {
	if n := len(s.glimpses); n > 0 && time.Since(s.glimpses[n-1].at) < glimpseEvery {
		return
	}
	g := &glimpse{at: time.Now()}
	g.instances, _ = s.fleet.Describe(context.Background(), slices.Collect(maps.Keys(s.workers))...)
	g.addresses, _ = s.pool.Lookup(context.Background(), slices.Collect(maps.Keys(s.addresses))...)
	s.glimpses = append(s.glimpses, g)
	s.glimpses = slices.DeleteFunc(s.glimpses, func(g *glimpse) bool { return time.Since(g.at) > longestLag })
}

func (g *glimpse) describe(ids []string) []binder.Instance {
	return only(g.instances, func(i binder.Instance) bool { return slices.Contains(ids, i.ID) })
}

func (g *glimpse) eligible() []binder.Instance {
	return only(g.instances, func(i binder.Instance) bool { return i.Eligible })
}

func (g *glimpse) lookup(ids []string) []eippool.Address {
	return only(g.addresses, func(a eippool.Address) bool { return slices.Contains(ids, a.AllocationID) })
}

func (g *glimpse) pool() []eippool.Address {
	return only(g.addresses, func(a eippool.Address) bool { return a.Tags["pool"] == "media" })
}

func only[T any](all []T, ok func(T) bool) []T {
	var some []T
	for _, one := range all {
		if ok(one) {
			some = append(some, one)
		}
	}
	return some
}
