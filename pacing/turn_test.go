package pacing_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/pacing"
)

// single lets one call go every 10 s, with no burst.
func single(o *pacing.Options) {
	o.Limits[associate] = pacing.Limit{Burst: 1, Refill: 0.1}
	o.Slack, o.Peak = 0, 1e6
}

func share(part float64) func(*pacing.Options) { return func(o *pacing.Options) { o.Share = part } }

// instant has no latency, so that times are exact.
func instant(o *awssim.Options) { o.EC2Latency, o.Buckets = awssim.Range{}, nil }

// throttleWhile throttles an action's calls.
func throttleWhile(on func() bool, action string) func(string, *http.Request) *awssim.Fault {
	return func(a string, _ *http.Request) *awssim.Fault {
		if a != action || !on() {
			return nil
		}
		return &awssim.Fault{Status: http.StatusServiceUnavailable, Code: "RequestLimitExceeded"}
	}
}

func (p *process) turn(ctx context.Context) (context.Context, func()) {
	p.Helper()
	paced, done, err := p.pacer.Turn(ctx, associate)
	if err != nil {
		p.Error(err)
		return p.Context(), func() {}
	}
	return paced, done
}

// at fails unless so much time has passed since the start, to the millisecond.
func (w *world) at(what string, want time.Duration) {
	w.Helper()
	if got := w.elapsed().Round(time.Millisecond); got != want {
		w.Errorf("%s at %s, want %s", what, got, want)
	}
}

func single1(t *testing.T, run func(p *process), optFns ...func(*awssim.Options)) {
	synctest.Test(t, func(t *testing.T) {
		run(newWorld(t, 10, append([]func(*awssim.Options){instant}, optFns...)...).process(single))
	})
}

func TestTurnIsTheCallsToken(t *testing.T) {
	single1(t, func(p *process) {
		paced, done := p.turn(p.Context())
		time.Sleep(30 * time.Second) // the token of the next one has long come
		for n, want := range []time.Duration{30 * time.Second, 30 * time.Second, 40 * time.Second} {
			if err := p.associate(paced, p.take(1)[0]); err != nil {
				t.Fatal(err)
			}
			p.at([]string{"with the turn", "with the next token", "with the one after"}[n], want)
		}
		done()
		p.turn(p.Context())
		p.at("done gave nothing back: another turn", 50*time.Second)
	})
}

func TestUnusedTurnIsGivenBackOnce(t *testing.T) {
	single1(t, func(p *process) {
		paced, done := p.turn(p.Context())
		done()
		done()
		p.turn(p.Context())
		p.at("the token that was given back", 0)
		done()
		if err := p.associate(paced, p.take(1)[0]); err != nil {
			t.Fatal(err)
		}
		p.at("a call under a turn that was given back", 10*time.Second)
	})
}

func TestTurnGivenBackServesWhoWaits(t *testing.T) {
	single1(t, func(p *process) {
		_, done := p.turn(p.Context())
		time.AfterFunc(3*time.Second, done)
		p.turn(p.Context())
		p.at("the next turn", 3*time.Second)
	})
}

// TestRetriesTakeTokensOfTheirOwn, and come before what has not begun.
func TestRetriesTakeTokensOfTheirOwn(t *testing.T) {
	var failures atomic.Int32
	single1(t, func(p *process) {
		paced, done := p.turn(p.Context())
		defer done()
		var group sync.WaitGroup
		p.storm(&group, p.take(3)) // they wait already
		synctest.Wait()
		if err := p.associate(paced, p.take(1)[0]); err != nil {
			t.Fatal(err)
		}
		if p.at("the third attempt", 20*time.Second); p.count() != 1 {
			t.Errorf("%d calls came before it", p.count()-1)
		}
		group.Wait()
		p.at("the last of the others", 50*time.Second)
	}, func(o *awssim.Options) {
		o.Intercept = func(string, *http.Request) *awssim.Fault {
			if failures.Add(1) > 2 {
				return nil
			}
			return &awssim.Fault{Status: http.StatusInternalServerError, Code: "InternalError"}
		}
	})
}

func TestLateTurnIsRefusedAtOnce(t *testing.T) {
	single1(t, func(p *process) {
		p.turn(p.Context())
		go p.turn(p.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(p.Context(), 19*time.Second)
		defer cancel()
		paced, done, err := p.pacer.Turn(ctx, associate)
		var late *pacing.LateError
		if !errors.As(err, &late) || late.RetryAfter().Round(time.Millisecond) != 20*time.Second || late.Action != associate || paced != nil || done != nil {
			t.Errorf("Turn = %v, %v; want a LateError of 20 s alone", paced, err)
		}
		if err := p.associate(ctx, p.take(1)[0]); !errors.As(err, &late) {
			t.Errorf("a call: %v, want a LateError", err)
		}
		p.at("both", 0)
		if sent := p.sim.Calls()[associate]; sent != 0 {
			t.Errorf("%d requests were sent", sent)
		}
		enough, cancel := context.WithTimeout(p.Context(), 20*time.Second+time.Millisecond)
		defer cancel()
		p.turn(enough)
		p.at("the third turn, as nothing was taken", 20*time.Second)
	})
}

func TestWhoGivesUpGivesItsPlaceBack(t *testing.T) {
	single1(t, func(p *process) {
		p.turn(p.Context())
		impatient, giveUp := context.WithCancel(p.Context())
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if _, _, err := p.pacer.Turn(impatient, associate); err != context.Canceled {
					t.Errorf("Turn = %v, want context.Canceled", err)
				}
			})
		}
		synctest.Wait()
		time.AfterFunc(5*time.Second, giveUp)
		p.turn(p.Context())
		p.at("the turn behind three that gave up", 10*time.Second)
		group.Wait()
		if _, _, err := p.pacer.Turn(impatient, associate); err != context.Canceled {
			t.Errorf("Turn of one who has given up before = %v, want context.Canceled", err)
		}
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	single1(t, func(p *process) {
		var group sync.WaitGroup
		var mu sync.Mutex
		var order []int
		for n := range 5 {
			group.Go(func() {
				time.Sleep(time.Duration(n)) // a residue of its own
				p.turn(p.Context())
				mu.Lock()
				defer mu.Unlock()
				order = append(order, n)
			})
		}
		group.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("served in the order %v", order)
		}
		p.at("the last", 40*time.Second)
	})
}

func TestTurnsOfSeveralActions(t *testing.T) {
	single1(t, func(p *process) {
		paced, _ := p.turn(p.Context())
		paced, _, err := p.pacer.Turn(paced, "DescribeInstances")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.associate(paced, p.take(1)[0]); err != nil {
			t.Fatal(err)
		}
		p.at("the call under the outer turn", 0)
		another, err := pacing.New(single)
		if err != nil {
			t.Fatal(err)
		}
		p.client = newEC2(p.sim, another)
		for range 2 {
			if err := p.associate(paced, p.take(1)[0]); err != nil {
				t.Fatal(err)
			}
		}
		p.at("another Pacer does not know the turn", 10*time.Second)
	})
}

func TestActionWithoutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 100, instant)
		p := w.process(func(o *pacing.Options) { delete(o.Limits, associate) })
		for range 50 {
			paced, done := p.turn(t.Context())
			if err := p.associate(paced, p.take(1)[0]); err != nil {
				t.Fatal(err)
			}
			done()
			if err := p.associate(t.Context(), p.take(1)[0]); err != nil {
				t.Fatal(err)
			}
		}
		p.at("100 calls", 0)
		if seen := p.pacer.Stats()[associate]; seen != (pacing.Stats{Attempts: 100}) {
			t.Errorf("Stats = %+v", seen)
		}
	})
}
