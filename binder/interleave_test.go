package binder_test

import (
	"context"
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
)

var allSchedules = flag.Bool("binder.all-interleavings", false, "run the largest races without a bound on preemptions, too: some minutes")

func reconciles(ids ...string) work {
	return func(ctx context.Context, b *binder.Binder) ([]binder.Outcome, error) { return b.Reconcile(ctx, ids...) }
}

func unbindsByForce(id string) work {
	return func(ctx context.Context, b *binder.Binder) ([]binder.Outcome, error) {
		o, err := b.Unbind(ctx, id, func(o *binder.UnbindOptions) { o.Force = true })
		return []binder.Outcome{o}, err
	}
}

func drains(id string) work {
	return func(ctx context.Context, b *binder.Binder) ([]binder.Outcome, error) {
		o, err := b.Drain(ctx, id)
		return []binder.Outcome{o}, err
	}
}

func undrains(id string) work {
	return func(ctx context.Context, b *binder.Binder) ([]binder.Outcome, error) {
		o, err := b.Undrain(ctx, id)
		return []binder.Outcome{o}, err
	}
}

func sweeps(ctx context.Context, b *binder.Binder) ([]binder.Outcome, error) {
	r, err := b.Sweep(ctx)
	return r.Outcomes, err
}

func launched(ids ...string) func(*testing.T, *world, *binder.Binder) {
	return func(_ *testing.T, w *world, _ *binder.Binder) {
		for _, id := range ids {
			w.launch(id)
		}
	}
}

// boundNow binds i-1 and then changes its state at once, while calls that were
// made to bind it may still land.
func boundNow(s binder.State) func(*testing.T, *world, *binder.Binder) {
	return func(t *testing.T, w *world, b *binder.Binder) {
		w.launch("i-1")
		want(t, reconcile(t, b, "i-1"), binder.Bound)
		w.fleet.SetState("i-1", s)
	}
}

// together are workers that all begin at once.
func together(all ...work) []raceWorker {
	var out []raceWorker
	for _, w := range all {
		out = append(out, raceWorker{work: w})
	}
	return out
}

// races are those without leases that run out. In all of them i-1, or one of
// the instances, is to be bound in the end, or none.
func races() []race {
	bind, unbind := reconciles("i-1"), unbindsByForce("i-1")
	terminated := setState("i-1", binder.Terminated)
	return []race{
		{name: "two deliveries of a launch", before: launched("i-1"), workers: together(bind, bind), bound: 1, atLeast: 100},
		{name: "two deliveries of a termination", before: bindThen(binder.Terminated), workers: together(bind, bind), atLeast: 15},
		{name: "two deliveries of an early termination", before: boundNow(binder.Terminated), workers: together(bind, bind), atLeast: 15},
		{name: "bind and termination", before: launched("i-1"), workers: []raceWorker{{bind, 0}, {bind, 1}},
			events: []worldEvent{setState("i-1", binder.ShuttingDown), terminated}, atLeast: 200},
		{name: "bind and stop", before: launched("i-1"), workers: []raceWorker{{bind, 0}, {bind, 1}},
			events: []worldEvent{setState("i-1", binder.Stopped)}, atLeast: 25},
		{name: "two instances and one address", addresses: 1, before: launched("i-1", "i-2"), workers: together(bind, reconciles("i-2")),
			ids: []string{"i-1", "i-2"}, bound: 1, atLeast: 10},
		{name: "forced unbind and bind", before: launched("i-1"), workers: together(bind, unbind), force: true, bound: 1, atLeast: 70},
		{name: "forced unbind of a bound worker and bind", before: bindThen(binder.Running), workers: together(bind, unbind),
			force: true, bound: 1, atLeast: 50},
		{name: "two forced unbinds", before: bindThen(binder.Running), workers: together(unbind, unbind), force: true, bound: 1, atLeast: 100},
		{name: "sweep and launch", before: launched("i-1"), workers: together(bind, sweeps), bound: 1, atLeast: 80},
		{name: "sweep and termination", before: bindThen(binder.Terminated), workers: together(bind, sweeps), atLeast: 20},
		{name: "two sweeps", before: launched("i-1"), workers: together(sweeps, sweeps), bound: 1, atLeast: 70},
		{name: "drain and termination", before: bindThen(binder.Running), workers: []raceWorker{{drains("i-1"), 0}, {bind, 1}},
			events: []worldEvent{terminated}, atLeast: 40},
		{name: "drain and bind", before: launched("i-1"), workers: together(bind, drains("i-1")), bound: 1, atLeast: 15},
	}
}

// lapses are races in which the first worker's lease runs out at every point
// of its work. The second one begins when it has run out, or in the last two
// together with the first. The largest are bounded: nearly all defects that
// depend on the order show with few preemptions (Musuvathi and Qadeer,
// Iterative Context Bounding, 2007), and schedules with many are among the
// random ones.
func lapses() []race {
	bind, unbind := reconciles("i-1"), unbindsByForce("i-1")
	return []race{
		{name: "lease that runs out during a bind", before: launched("i-1"), workers: []raceWorker{{bind, 0}, {bind, 1}},
			lapses: true, bound: 1, atLeast: 1500},
		{name: "lease that runs out during an unbind", before: bindThen(binder.Terminated), workers: []raceWorker{{bind, 0}, {bind, 1}},
			lapses: true, atLeast: 200},
		{name: "lease that runs out during a bind, and termination", before: launched("i-1"), workers: []raceWorker{{bind, 0}, {bind, 2}},
			events: []worldEvent{setState("i-1", binder.Terminated)}, lapses: true, atLeast: 800},
		{name: "lease that runs out during a bind, and forced unbind", before: launched("i-1"), workers: []raceWorker{{bind, 0}, {unbind, 1}},
			lapses: true, force: true, bound: 1, preemptions: 2, atLeast: 200},
		{name: "lease that runs out during a forced unbind", before: bindThen(binder.Running), workers: []raceWorker{{unbind, 0}, {bind, 1}},
			lapses: true, force: true, bound: 1, preemptions: 2, atLeast: 300},
		{name: "lease that runs out during either of two binds", before: launched("i-1"), workers: together(bind, bind),
			lapses: true, bound: 1, preemptions: 1, atLeast: 100},
		{name: "lease that runs out during either of two unbinds", before: bindThen(binder.Terminated), workers: together(bind, bind),
			lapses: true, preemptions: 1, atLeast: 100},
	}
}

// Whatever the order of the external calls of two workers, and of what happens
// to the instance meanwhile, the invariants hold after every call, no worker
// fails, and nothing is lost.
func TestEveryInterleaving(t *testing.T) {
	schedules, pruned := 0, 0
	for _, r := range append(races(), lapses()...) {
		t.Run(r.name, func(t *testing.T) {
			e := explorer{race: r}
			if !*allSchedules {
				e.bound = r.preemptions
			}
			e.explore(t)
			schedules, pruned = schedules+e.schedules, pruned+e.pruned
			t.Logf("%d schedules run, of up to %d turns, with %d different ends; %d branches pruned as equivalent", e.schedules, e.longest, len(e.ends), e.pruned)
			if e.bound > 0 {
				t.Logf("bounded: at most %d preemptions; %d branches beyond were not taken; -binder.all-interleavings takes them", e.bound, e.beyond)
			}
			if e.schedules < r.atLeast {
				t.Errorf("only %d schedules: do the calls still stop?", e.schedules)
			}
		})
	}
	t.Logf("in all: %d schedules run, %d branches pruned as equivalent", schedules, pruned)
}

// Sleep sets must leave out nothing but what is equivalent: the same race
// without them ends in the same states.
func TestPruningLosesNoEnd(t *testing.T) {
	drained := func(t *testing.T, w *world, b *binder.Binder) {
		bindThen(binder.Running)(t, w, b)
		if _, err := b.Drain(t.Context(), "i-1"); err != nil {
			t.Fatal(err)
		}
	}
	r := race{name: "drain and undrain", before: drained, workers: together(undrains("i-1"), drains("i-1")), bound: 1}
	pruning, naive := explorer{race: r}, explorer{race: r, naive: true}
	pruning.explore(t)
	naive.explore(t)
	t.Logf("%d schedules instead of %d, with %d different ends", pruning.schedules, naive.schedules, len(pruning.ends))
	if pruning.schedules >= naive.schedules || len(naive.ends) < 2 {
		t.Error("nothing was pruned, or nothing differs")
	}
	if !maps.Equal(pruning.ends, naive.ends) {
		t.Errorf("ends with pruning:\n%v\nwithout:\n%v", slices.Sorted(maps.Keys(pruning.ends)), slices.Sorted(maps.Keys(naive.ends)))
	}
}

// The schedules must be able to show a defect: a store that does not compare
// versions loses to some of them.
func TestInterleavingsFindABlindStore(t *testing.T) {
	r := race{name: "two instances and one address", addresses: 1, before: launched("i-1", "i-2"),
		workers: together(reconciles("i-1"), reconciles("i-2")), ids: []string{"i-1", "i-2"}, bound: 1, blind: true}
	e := explorer{race: r}
	e.search(t)
	if e.failure == "" {
		t.Errorf("no schedule of %d shows the defect", e.schedules)
	}
}
