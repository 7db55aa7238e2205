package binder_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// slowPool lets one association through each second, and one disassociation,
// those first that asked first.
type slowPool struct {
	hookedPool

	mu       sync.Mutex
	next     map[slowTurn]time.Time
	turns    int // that are held
	unpaced  int // calls without a turn
	returned int
}

// slowTurn is the key of a turn in a context: it names the call.
type slowTurn string

const (
	associating    slowTurn = "associate"
	disassociating slowTurn = "disassociate"
)

func newSlowPool(w *world) *slowPool {
	return &slowPool{hookedPool: hookedPool{w}, next: map[slowTurn]time.Time{}}
}

func (p *slowPool) Pace(ctx context.Context) (context.Context, func(), error) {
	return p.give(ctx, associating)
}

func (p *slowPool) PaceDisassociate(ctx context.Context) (context.Context, func(), error) {
	return p.give(ctx, disassociating)
}

func (p *slowPool) give(ctx context.Context, of slowTurn) (context.Context, func(), error) {
	p.mu.Lock()
	at := time.Now()
	if p.next[of].After(at) {
		at = p.next[of]
	}
	if end, ends := ctx.Deadline(); ends && at.After(end) {
		p.mu.Unlock()
		return nil, nil, &eippool.LateError{RetryAfter: time.Until(at)}
	}
	p.next[of] = at.Add(time.Second)
	p.turns++
	p.mu.Unlock()
	time.Sleep(time.Until(at))
	unused := true
	return context.WithValue(ctx, of, &unused), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.turns--
		if unused {
			p.returned++
		}
	}, nil
}

// use uses the turn that a call has.
func (p *slowPool) use(ctx context.Context, of slowTurn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unused, _ := ctx.Value(of).(*bool)
	if unused == nil || !*unused {
		p.unpaced++
	} else {
		*unused = false
	}
}

func (p *slowPool) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	p.use(ctx, associating)
	return p.hookedPool.Associate(ctx, id, t)
}

func (p *slowPool) Disassociate(ctx context.Context, id string) error {
	p.use(ctx, disassociating)
	return p.hookedPool.Disassociate(ctx, id)
}

func (w *world) pacedBinder(t *testing.T, p *slowPool, optFns ...func(*binder.Options)) *binder.Binder {
	b, err := binder.New(binder.Backends{
		Fleet: hookedFleet{w}, Pool: p, Policy: dnspolicy.InstanceID(), Zone: hookedZone{w}, Store: hookedStore{w},
	}, append(optFns, func(o *binder.Options) { o.Suffix = suffix })...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Sixty workers wait a minute for their turns: none of them holds a lease
// meanwhile, and who has had its turn does not wait for the others.
func TestTurnsComeBeforeLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 60)
		var ids []string
		for n := range 60 {
			ids = append(ids, fmt.Sprintf("i-%02d", n))
			w.launch(ids[n])
		}
		p := newSlowPool(w)
		b := w.pacedBinder(t, p, func(o *binder.Options) { o.Concurrency, o.Lease = 4, 10*time.Second })
		var mu sync.Mutex
		most := 0
		w.hook = func(_ string, do func() error) error {
			leased := 0
			for _, r := range w.records() {
				if r.Phase == store.Reserved && r.AssociationID == "" && r.Leased(time.Now()) {
					leased++
				}
			}
			mu.Lock()
			most = max(most, leased)
			mu.Unlock()
			return do()
		}
		began := time.Now()
		outcomes, err := b.Reconcile(t.Context(), ids...)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			want(t, o, binder.Bound)
		}
		if took := time.Since(began); took != 59*time.Second+30*time.Second { // turns, and DNS
			t.Errorf("took %s", took)
		}
		if most > 1 {
			t.Errorf("%d leases were held in the queue", most)
		}
		if p.unpaced > 0 || p.turns != 0 || p.returned > 0 {
			t.Errorf("%d calls without a turn, %d turns kept, %d given back unused", p.unpaced, p.turns, p.returned)
		}
	})
}

// What cannot be finished in time is handed back as it was.
func TestTurnThatComesTooLateChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 60)
		var ids []string
		for n := range 60 {
			ids = append(ids, fmt.Sprintf("i-%02d", n))
			w.launch(ids[n])
		}
		p := newSlowPool(w)
		ctx, cancel := context.WithTimeout(t.Context(), 40500*time.Millisecond)
		defer cancel()
		outcomes, err := w.pacedBinder(t, p).Reconcile(ctx, ids...)
		if err != nil {
			t.Fatal(err)
		}
		bound, waiting := 0, 0
		for _, o := range outcomes {
			switch {
			case o.Status == binder.NotReady && o.AllocationID == "" && o.RetryAfter > 0:
				waiting++
			case o.AllocationID != "":
				bound++
			default:
				t.Errorf("outcome: %+v", o)
			}
		}
		if records := len(w.records()); waiting == 0 || bound+waiting != 60 || records != bound {
			t.Errorf("%d bound, %d waiting, %d records", bound, waiting, records)
		}
		if p.turns != 0 || p.unpaced > 0 {
			t.Errorf("%d turns kept, %d calls without", p.turns, p.unpaced)
		}
	})
}

func TestTurnThatIsNotUsedGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.launch("i-1")
		p := newSlowPool(w)
		want(t, reconcile(t, w.pacedBinder(t, p), "i-1"), binder.Exhausted)
		if p.turns != 0 || p.returned != 1 {
			t.Errorf("%d turns kept, %d given back", p.turns, p.returned)
		}
	})
}

// Two calls of one process about one worker: one waits for the turn.
func TestOneCallOfAProcessWaitsForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		for n := range 3 {
			w.launch(fmt.Sprintf("i-%d", n))
		}
		p := newSlowPool(w)
		b := w.pacedBinder(t, p)
		var first, second []binder.Outcome
		var group sync.WaitGroup
		group.Go(func() { first, _ = b.Reconcile(t.Context(), "i-0", "i-1", "i-2") })
		group.Go(func() {
			time.Sleep(500 * time.Millisecond)
			second, _ = b.Reconcile(t.Context(), "i-0", "i-1", "i-2")
		})
		group.Wait()
		busy := 0
		for n := range 3 {
			if first[n].IP != w.record(first[n].InstanceID).IP { // whichever of them bound it
				t.Errorf("outcome: %+v", first[n])
			}
			if second[n].Status == binder.Busy {
				busy++
			}
		}
		if busy != 2 || p.returned > 0 { // the first of them had its turn at once
			t.Errorf("busy: %+v; %d turns wasted", second, p.returned)
		}
	})
}

// A call that is not to wait for DNS hands back, and the next one goes on.
func TestDNSWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.launch("i-1")
		b := w.binder(func(o *binder.Options) { o.DNSWait = 2 * time.Second })
		began := time.Now()
		o := reconcile(t, b, "i-1")
		want(t, o, binder.NotReady)
		if took := time.Since(began); took != 2*time.Second || o.RetryAfter <= 0 {
			t.Errorf("took %s: %+v", took, o)
		}
		time.Sleep(30 * time.Second)
		want(t, reconcile(t, b, "i-1"), binder.Bound)
	})
}
