package pacing_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/pacing"
)

const stormCalls = 1000

// shared is what became of a storm that several processes share.
type shared struct {
	last        float64 // when the last call succeeded, in parts of the floor
	throttled   float64 // throttles in parts of the calls
	least, most int     // calls of the slowest and the fastest process at half-time
}

func storm(t *testing.T, processes int, seed uint64, optFns ...func(*pacing.Options)) shared {
	w := newWorld(t, stormCalls, func(o *awssim.Options) { o.Seed = seed })
	var group sync.WaitGroup
	var all []*process
	for range processes {
		p := w.process(optFns...)
		p.storm(&group, w.take(stormCalls/processes))
		all = append(all, p)
	}
	group.Wait()
	s := shared{throttled: float64(w.sim.Throttled()[associate]) / stormCalls, least: stormCalls}
	for _, p := range all {
		s.last = max(s.last, p.last().Seconds()/floor(stormCalls).Seconds())
		half := p.before(floor(stormCalls) / 2)
		s.least, s.most = min(s.least, half), max(s.most, half)
		if seen := p.pacer.Stats()[associate]; seen.Waiting != 0 || seen.Attempts != stormCalls/processes+seen.Throttled {
			t.Errorf("%+v after %d calls", seen, stormCalls/processes)
		}
	}
	return s
}

// TestStorm: no call fails, whatever the number of processes. Those that do not
// know of each other are throttled the more the more they are, and still neither
// storm AWS nor waste its tokens.
func TestStorm(t *testing.T) {
	for _, test := range []struct {
		processes       int
		seeds           uint64
		last, throttled float64 // at most
		unfair          float64 // most ÷ least, at most
	}{
		{1, 3, 1.01, 0.01, 1},
		{2, 3, 1.10, 0.04, 2},
		{4, 3, 1.10, 0.12, 2},
		{8, 2, 1.10, 0.40, 3},
		{16, 2, 1.10, 1.00, 4},
	} {
		for seed := range test.seeds {
			t.Run(fmt.Sprintf("%d processes, seed %d", test.processes, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := storm(t, test.processes, seed)
					unfair := float64(s.most) / float64(s.least)
					t.Logf("last %.3f of the floor, %.1f %% throttled, %d to %d calls each at half-time", s.last, s.throttled*100, s.least, s.most)
					if s.last < 0.99 || s.last > test.last || s.throttled > test.throttled || unfair > test.unfair {
						t.Errorf("want last ≤ %.2f, throttled ≤ %.2f, fastest ÷ slowest ≤ %.1f", test.last, test.throttled, test.unfair)
					}
				})
			})
		}
	}
}

// TestRecovery: somebody else uses the account up for a minute; afterwards it
// does not take long until the process is as fast as before.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		busy := func() bool { return time.Since(began) > time.Minute && time.Since(began) < 2*time.Minute }
		w := newWorld(t, 600, func(o *awssim.Options) { o.Intercept = throttleWhile(busy, associate) })
		p := w.process()
		var group sync.WaitGroup
		p.storm(&group, w.take(600))
		time.Sleep(time.Minute)
		seen := p.pacer.Stats()[associate]
		if attempts := w.sim.Calls()[associate]; attempts > 100 || p.count() > 0 || seen.Rate > 1 {
			t.Errorf("after a minute of nothing but throttles: %d attempts, %d successes, %+v", attempts, p.count(), seen)
		}
		time.Sleep(70 * time.Second)
		if seen = p.pacer.Stats()[associate]; seen.Rate != 5 {
			t.Errorf("a minute later: %+v, want the whole rate", seen)
		}
		before := p.count()
		time.Sleep(20 * time.Second)
		w.within("calls in 20 s", float64(p.count()-before), 98, 102)
		group.Wait()
	})
}

func TestBurstGoesOutAtThePeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 20, instant)
		var group sync.WaitGroup
		w.process().storm(&group, w.take(20))
		group.Wait()
		w.at("the last of 20 calls at 25 a second", 760*time.Millisecond)
	})
}

// TestSlack: 200 ms are one token of the burst.
func TestSlack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 100, instant)
		var group sync.WaitGroup
		w.process().storm(&group, w.take(100))
		group.Wait()
		w.at("the last of 100 calls, 51 of them after the burst", 10200*time.Millisecond)
	})
}

// TestThrottleEmptiesTheBucket: after a throttle there is no burst.
func TestThrottleEmptiesTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		w := newWorld(t, 20, instant, func(o *awssim.Options) {
			o.Intercept = throttleWhile(func() bool { defer func() { first = false }(); return first }, associate)
		})
		p := w.process()
		var group sync.WaitGroup
		p.storm(&group, w.take(1))
		group.Wait()
		retried := w.elapsed() // less than 3 s, in which 7 tokens have come
		p.storm(&group, w.take(19))
		group.Wait()
		w.within("seconds for 19 calls", (w.elapsed() - retried).Seconds(), 3, 8)
	})
}

// TestShare: processes that know of each other are throttled hardly ever.
func TestShare(t *testing.T) {
	for _, processes := range []int{4, 8, 16} {
		synctest.Test(t, func(t *testing.T) {
			s := storm(t, processes, 0, share(1/float64(processes)))
			t.Logf("%d processes: last %.3f of the floor, %.1f %% throttled, %d to %d calls each at half-time", processes, s.last, s.throttled*100, s.least, s.most)
			if s.last < 0.99 || s.last > 1.05 || s.throttled > 0.01 || float64(s.most) > 1.2*float64(s.least) {
				t.Errorf("want last ≤ 1.05, throttled ≤ 0.01, fastest ÷ slowest ≤ 1.2")
			}
		})
	}
}
