package binder_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

var (
	randomSchedules = flag.Int("binder.schedules", 2000, "random schedules of three workers: how many")
	scheduleSeed    = flag.Uint64("binder.schedule-seed", 0, "random schedules of three workers: run this one, and tell its story")
)

// randomRace is a race that a seed determines: three workers, each with some
// calls to make, at one to three instances, with one to three addresses, while
// the instances' states change, time passes and calls are lost or late.
type randomRace struct {
	*rand.Rand
	w      *world
	s      *scheduler
	ids    []string
	states map[string]binder.State // as they will be
	force  bool
}

func newRandomRace(t *testing.T, seed uint64) *randomRace {
	r := &randomRace{Rand: rand.New(rand.NewPCG(seed, 0)), states: map[string]binder.State{}}
	r.w = newWorld(t, 1+r.IntN(3))
	r.force = r.IntN(2) == 0
	for n := range 1 + r.IntN(3) {
		id := fmt.Sprintf("i-%d", n+1)
		r.ids, r.states[id] = append(r.ids, id), binder.Running
		r.w.launch(id)
		if r.IntN(2) == 0 {
			_, _ = r.w.binder().Reconcile(t.Context(), id) // it may have to wait
		}
	}
	if r.IntN(2) == 0 {
		time.Sleep(time.Hour)
	}
	r.s = newScheduler(r.w)
	r.s.force, r.s.horizon = r.force, time.Now()
	for range r.IntN(4) {
		r.s.events = append(r.s.events, r.event())
	}
	for n := range 3 {
		r.s.starts = append(r.s.starts, start{who: string(rune('A' + n)), raceWorker: raceWorker{work: r.work()}})
	}
	r.s.startDue()
	return r
}

func (r *randomRace) id() string { return r.ids[r.IntN(len(r.ids))] }

// event is the next change of some instance's state that EC2 could make.
func (r *randomRace) event() worldEvent {
	id := r.id()
	next := map[binder.State][]binder.State{
		binder.Running: {binder.Stopped, binder.ShuttingDown, binder.Terminated}, binder.Stopped: {binder.Running, binder.Terminated},
		binder.ShuttingDown: {binder.Terminated}, binder.Terminated: {binder.Terminated},
	}[r.states[id]]
	r.states[id] = next[r.IntN(len(next))]
	return setState(id, r.states[id])
}

// work is one to three calls, one after the other.
func (r *randomRace) work() work {
	var calls []work
	for range 1 + r.IntN(3) {
		calls = append(calls, r.call())
	}
	return func(ctx context.Context, b *binder.Binder) ([]binder.Outcome, error) {
		var outcomes []binder.Outcome
		var errs []error
		for _, call := range calls {
			o, err := call(ctx, b)
			outcomes, errs = append(outcomes, o...), append(errs, err)
		}
		return outcomes, errors.Join(errs...)
	}
}

func (r *randomRace) call() work {
	id := r.id()
	switch n := r.IntN(10); {
	case n == 0 && r.force:
		return unbindsByForce(id)
	case n == 1:
		return drains(id)
	case n == 2:
		return undrains(id)
	case n <= 4:
		return sweeps
	}
	return reconciles(id)
}

// run takes turns at random until the work is done. About every tenth turn
// time passes, if only until somebody wakes up.
func (r *randomRace) run() error {
	for !r.s.finished() {
		turns := r.s.turns()
		if len(turns) == 0 || r.IntN(10) == 0 {
			r.s.horizon = time.Now().Add([]time.Duration{20 * time.Second, 50 * time.Second, 61 * time.Second, 7 * time.Minute}[r.IntN(4)])
			turns = slices.DeleteFunc(r.s.turns(), func(t turn) bool { return t.who != timeLoses && t.who != timeKeeps })
		}
		if err := r.s.take(turns[r.IntN(len(turns))]); err != nil {
			return err
		}
		time.Sleep(time.Nanosecond) // no two deadlines at the same moment: their order would be anybody's guess
		synctest.Wait()             // but one may be at this one
		r.s.horizon = time.Now()
	}
	return r.s.unexpected()
}

// bound is how many instances are to be bound in the end.
func (r *randomRace) bound() int {
	n := 0
	for _, s := range r.states {
		if s == binder.Running {
			n++
		}
	}
	return min(n, len(r.w.addresses()))
}

// runSchedule runs the schedule of the seed, and returns its story.
func runSchedule(t *testing.T, seed uint64) (story string, turns int, err error) {
	synctest.Test(t, func(t *testing.T) {
		r := newRandomRace(t, seed)
		err = r.run()
		r.s.end()
		if err == nil {
			r.s.land()
			err = r.w.settle(t, r.ids, r.bound())
			time.Sleep(signatureValid) // also if recovery fails
		}
		story, turns = r.s.story(), len(r.s.trace)
	})
	return story, turns, err
}

// The same, at random, for three workers and with more that happens: too much
// to be enumerated.
func TestRandomInterleavings(t *testing.T) {
	if *scheduleSeed != 0 {
		replay(t, *scheduleSeed)
		return
	}
	turns := 0
	for seed := uint64(1); seed <= uint64(*randomSchedules); seed++ {
		story, n, err := runSchedule(t, seed)
		if turns += n; err != nil {
			t.Fatalf("schedule %d (again: -run TestRandomInterleavings -binder.schedule-seed=%d): %v\n%s", seed, seed, err, story)
		}
	}
	t.Logf("%d schedules, %d turns", *randomSchedules, turns)
	if turns < 20**randomSchedules {
		t.Error("so few turns: do the calls still stop?")
	}
}

// replay tells the story of one schedule. One seed in two hundred has two: a
// sweep binds several instances at once, and which of them chooses its address
// first is up to Go's scheduler. Hence the attempts.
func replay(t *testing.T, seed uint64) {
	const attempts = 20
	for n := range attempts {
		story, _, err := runSchedule(t, seed)
		if err != nil || n == attempts-1 {
			t.Logf("schedule %d:\n%s", seed, story)
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
}
