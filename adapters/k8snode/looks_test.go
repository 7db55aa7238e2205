package k8snode

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// slow answers each call after a time, with an outcome of each instance.
type slow struct {
	Binder
	takes   time.Duration
	outcome func(id string) binder.Outcome

	mu    sync.Mutex
	calls [][]string
}

func (s *slow) Reconcile(_ context.Context, ids ...string) ([]binder.Outcome, error) {
	s.mu.Lock()
	s.calls = append(s.calls, ids)
	s.mu.Unlock()
	time.Sleep(s.takes)
	var outcomes []binder.Outcome
	for _, id := range ids {
		outcomes = append(outcomes, s.outcome(id))
	}
	return outcomes, nil
}

// made are the calls so far.
func (s *slow) made() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func boundOutcome(id string) binder.Outcome {
	return binder.Outcome{InstanceID: id, Status: binder.Bound, IP: netip.MustParseAddr("203.0.113.7"), Name: id + ".example.com."}
}

// running runs looks in a bubble until the test ends, and says which nodes were
// to be told.
func running(t *testing.T, s *slow) (l *looks, told func() []string) {
	t.Helper()
	l = newLooks(s, defaults())
	var mu sync.Mutex
	var nodes []string
	l.requeue = func(node string) {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if err := l.Start(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); group.Wait() })
	return l, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return nodes
	}
}

// Five hundred nodes in ten seconds are a handful of calls, and one node by
// itself waits for no more than the window.
func TestStormIsFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: time.Second, outcome: boundOutcome}
		l, told := running(t, s)
		for i := range 500 {
			id := fmt.Sprintf("i-%08d", i)
			l.attach("node-"+id, id)
			l.ask(id)
			l.ask(id) // again, for another change of the node
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		if len(s.made()) > 6 || len(told()) != 500 {
			t.Errorf("%d calls, %d nodes were told", len(s.made()), len(told()))
		}
		before := len(s.made())
		l.attach("alone", "i-alone")
		l.ask("i-alone")
		time.Sleep(defaults().Window + time.Millisecond)
		if n := len(s.made()) - before; n != 1 {
			t.Errorf("%d calls for one node", n)
		}
	})
}

// A node is told as soon as its own instance is bound, once, and may be asked
// about again while the others' call still goes on.
func TestLandEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: time.Minute, outcome: boundOutcome}
		l, told := running(t, s)
		for _, id := range []string{"i-quick", "i-slow"} {
			l.attach("node of "+id, id)
			l.ask(id)
		}
		time.Sleep(time.Second)
		early := boundOutcome("i-quick")
		l.landEarly(early)
		l.landEarly(boundOutcome("i-unknown"))
		if got := told(); len(got) != 1 || got[0] != "node of i-quick" {
			t.Fatalf("told %v", got)
		}
		l.done("i-quick", l.of("i-quick").outcome)
		l.ask("i-quick")
		time.Sleep(time.Second)
		if len(s.made()) != 2 {
			t.Fatalf("calls %v", s.made())
		}
		time.Sleep(time.Minute - 1500*time.Millisecond) // the first call has ended, the second has not
		if l.of("i-quick").outcome != nil || l.of("i-slow").outcome == nil {
			t.Error("an answer of the first call came to the second's question, or got lost")
		}
		time.Sleep(2 * time.Second)
		if l.of("i-quick").outcome == nil {
			t.Error("no answer")
		}
	})
}

// When a node goes while its instance is being bound, the instance is asked about
// once more after that.
func TestGoneMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: time.Minute, outcome: boundOutcome}
		l, _ := running(t, s)
		l.attach("a", "i-a")
		l.ask("i-a")
		time.Sleep(time.Second)
		if !l.bury("a", "i-a") || l.bury("a", "i-a") {
			t.Error("it is not buried once")
		}
		l.ask("i-a")
		l.landEarly(boundOutcome("i-a"))
		time.Sleep(2*time.Minute - time.Second)
		if len(s.made()) != 2 || l.of("i-a").outcome != nil {
			t.Errorf("calls %v, outcome %v", s.made(), l.of("i-a").outcome)
		}
		time.Sleep(time.Minute)
		l.forget("a", "i-a")
		if len(l.entries) != 0 || len(l.ofNode) != 0 {
			t.Errorf("something is left: %v %v", l.entries, l.ofNode)
		}
	})
}

func TestComeBack(t *testing.T) {
	l := newLooks(nil, defaults())
	for name, row := range map[string]struct {
		outcome binder.Outcome
		fails   int
		want    time.Duration
	}{
		"waiting":        {binder.Outcome{Status: binder.Busy, RetryAfter: 7 * time.Second}, 0, 7 * time.Second},
		"waiting, now":   {binder.Outcome{Status: binder.NotReady}, 0, 100 * time.Millisecond},
		"terminal":       {binder.Outcome{Status: binder.Failed, Err: &binder.Error{Terminal: true}}, 0, 2 * time.Minute},
		"failed":         {binder.Outcome{Status: binder.Failed, Err: errors.New("x")}, 0, 2 * time.Second},
		"failed again":   {binder.Outcome{Status: binder.Failed, Err: errors.New("x")}, 2, 8 * time.Second},
		"failed often":   {binder.Outcome{Status: binder.Failed, Err: errors.New("x")}, 99, time.Minute},
		"not known yet":  {binder.Outcome{Status: binder.Gone}, 0, 15 * time.Second},
		"not its tags":   {binder.Outcome{Status: binder.Ineligible}, 0, 15 * time.Second},
		"a dry pool":     {binder.Outcome{Status: binder.Exhausted, RetryAfter: time.Second}, 0, time.Second},
		"unbound by now": {binder.Outcome{Status: binder.Unbound}, 0, 15 * time.Second},
	} {
		if got := l.comeBack(&entry{fails: row.fails}, row.outcome); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}
