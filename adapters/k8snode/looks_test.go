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
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// attachClaimed attaches a node that the controller has claimed.
func (l *looks) attachClaimed(node, id string) {
	l.attach(node, id)
	l.change(id, func(e *entry) { e.claim = l.opts.Deployment })
}

// slow answers each call after a time, with an outcome of each instance, and tells
// of none before.
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
func running(t *testing.T, s Binder) (l *looks, told func() []string) {
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

// Five hundred nodes in ten seconds are a handful of calls, the next of which
// gathers for as long as EC2 works on the ones before; and one node by itself waits
// for no more than the window.
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
		time.Sleep(2 * time.Minute)
		if len(s.made()) > 3 || len(told()) != 500 {
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

// A node is told as soon as its own instance is settled, whatever came of it, and
// may be asked about again while the others' call still goes on.
func TestLandEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fleet := inMemory(t, 2, time.Minute)
		quick := fleet.Launch(binder.Instance{State: binder.Running}).ID
		if _, err := b.Reconcile(t.Context(), quick); err != nil {
			t.Fatal(err)
		}
		last, none := fleet.Launch(binder.Instance{State: binder.Running}).ID, fleet.Launch(binder.Instance{State: binder.Running}).ID
		pending := fleet.Launch(binder.Instance{State: binder.Pending}).ID
		l, told := running(t, b)
		for _, id := range []string{quick, last, none, pending} {
			l.attachClaimed("node of "+id, id)
			l.ask(id)
		}
		time.Sleep(time.Second)        // of a minute that DNS takes
		if l.of(none).outcome == nil { // it was faster
			last, none = none, last
		}
		for id, want := range map[string]binder.Status{quick: binder.AlreadyBound, none: binder.Exhausted, pending: binder.NotReady} {
			if o := l.of(id).outcome; o == nil || o.Status != want {
				t.Errorf("want %s, have %+v", want, o)
			}
		}
		if got := told(); len(got) != 3 || l.of(last).outcome != nil {
			t.Fatalf("told %v", got)
		}
		fleet.SetState(quick, binder.Stopped)
		l.done(quick, l.of(quick).outcome)
		l.ask(quick)
		time.Sleep(10 * defaults().Window)
		again := l.of(quick).outcome
		if again == nil || again.Status != binder.NotReady {
			t.Fatalf("asked again: %+v", again)
		}
		time.Sleep(2 * time.Minute) // the first call has ended
		if o := l.of(quick).outcome; o != again {
			t.Errorf("an answer of the first call came to the second's question: %+v", o)
		}
		if o := l.of(last).outcome; o == nil || o.Status != binder.Bound || len(told()) != 5 {
			t.Errorf("%+v, told %v", o, told())
		}
	})
}

// A call that a Binder tells nothing of is told of at its end.
func TestLandAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, told := running(t, &slow{takes: time.Minute, outcome: boundOutcome})
		l.attach("a", "i-a")
		l.ask("i-a")
		time.Sleep(time.Minute)
		early := len(told())
		time.Sleep(time.Second)
		if early != 0 || len(told()) != 1 || l.of("i-a").outcome == nil {
			t.Errorf("told %d, then %v", early, told())
		}
	})
}

// What a sweep has bound is news at once; what else it finds is older than what
// is being asked, or was learned since it began.
func TestSweepsOutcomes(t *testing.T) {
	l := newLooks(nil, defaults())
	began := time.Now()
	for _, id := range []string{"i-a", "i-b", "i-c"} {
		l.attach("node of "+id, id)
		l.ask(id)
	}
	l.depart()
	busy := func(id string) binder.Outcome { return binder.Outcome{InstanceID: id, Status: binder.Busy} }
	l.found(busy("i-a"), began)
	l.made(boundOutcome("i-b"))
	l.land(1, boundOutcome("i-c"))
	l.found(busy("i-c"), began)
	l.found(busy("i-unknown"), began)
	l.made(boundOutcome("i-unknown"))
	if a, b, c := l.of("i-a").outcome, l.of("i-b").outcome, l.of("i-c").outcome; a != nil || b == nil || c.Status != binder.Bound || len(l.entries) != 3 {
		t.Errorf("%+v, %+v, %+v", a, b, c)
	}
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
		l.made(boundOutcome("i-a"))
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

// If that call has unbound it, or a sweep, there is nothing more to ask.
func TestGoneAndUnboundMeanwhile(t *testing.T) {
	unboundNow := binder.Outcome{InstanceID: "i-a", Status: binder.Unbound}
	for name, tell := range map[string]func(*looks){
		"call":  func(l *looks) { l.land(1, unboundNow) },
		"sweep": func(l *looks) { l.made(unboundNow); l.land(1, binder.Outcome{InstanceID: "i-a", Status: binder.Gone}) },
	} {
		l := newLooks(nil, defaults())
		l.attach("a", "i-a")
		l.ask("i-a")
		l.depart()
		l.bury("a", "i-a")
		l.ask("i-a")
		tell(l)
		if e := l.of("i-a"); e.outcome == nil || e.outcome.Status != binder.Unbound || e.asked || e.again {
			t.Errorf("%s: %+v", name, e)
		}
	}
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

// inMemory is a Binder on memory backends, with so many addresses, and names that
// take that long.
func inMemory(t *testing.T, addresses int, dns time.Duration, optFns ...func(*binder.Options)) (*binder.Binder, *memfleet.Fleet) {
	t.Helper()
	pool := mempool.New()
	for i := range addresses {
		pool.Add(eippool.Address{AllocationID: fmt.Sprintf("eipalloc-%d", i), IP: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})})
	}
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	zone, err := memzone.New("example.com.", func(o *memzone.Options) { o.SyncDelay = dns })
	if err != nil {
		t.Fatal(err)
	}
	b, err := binder.New(binder.Backends{Fleet: fleet, Pool: pool, Zone: zone, Store: memstore.New(), Policy: dnspolicy.InstanceID()},
		append([]func(*binder.Options){func(o *binder.Options) { o.Suffix = "media.example.com" }}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return b, fleet
}

// Who has ended, or is to be hidden, does not wait until EC2 has worked on a storm.
func TestUrgentCallsDoNotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{takes: time.Second, outcome: boundOutcome}
		l, _ := running(t, s)
		for i := range 400 {
			id := fmt.Sprintf("i-%08d", i)
			l.attach("node-"+id, id)
			l.ask(id)
		}
		l.attach("node-late", "i-late")
		l.attach("node-gone", "i-gone")
		time.Sleep(3 * time.Second)
		l.ask("i-late")
		time.Sleep(3 * time.Second)
		if n := len(s.made()); n != 1 {
			t.Fatalf("%d calls in a storm that begins", n)
		}
		l.askNow("i-gone")
		time.Sleep(defaults().Window + time.Millisecond)
		if made := s.made(); len(made) != 2 || !slices.Contains(made[1], "i-gone") {
			t.Errorf("the calls are %v", made[1:])
		}
	})
}

// Nodes that need no address, however many and however often they are asked about,
// keep nobody waiting.
func TestOthersDoNotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fleet := inMemory(t, 1, 0)
		l, _ := running(t, b)
		ask := func(id string) {
			l.attachClaimed("node of "+id, id)
			l.ask(id)
		}
		for range 5 {
			for range 200 {
				ask(fleet.Launch(binder.Instance{State: binder.Pending}).ID)
			}
			time.Sleep(5 * time.Second)
		}
		ready := fleet.Launch(binder.Instance{State: binder.Running}).ID
		ask(ready)
		time.Sleep(11*defaults().Window + time.Millisecond)
		if o := l.of(ready).outcome; o == nil || o.Status != binder.Bound {
			t.Errorf("%+v", o)
		}
	})
}
