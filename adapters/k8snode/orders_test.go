package k8snode

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// stuck is a Binder whose store does not answer about one instance.
type stuck struct {
	Binder
	id string
}

func (s stuck) Drain(ctx context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	if id == s.id {
		<-ctx.Done()
		return binder.Outcome{InstanceID: id, Status: binder.Failed, Err: ctx.Err()}, ctx.Err()
	}
	return binder.Outcome{InstanceID: id, Status: binder.AlreadyBound, Reason: binder.ReasonDraining}, nil
}

func (s stuck) Undrain(_ context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	return binder.Outcome{InstanceID: id, Status: binder.AlreadyBound}, nil
}

// carrying runs orders in a bubble until the test ends.
func carrying(t *testing.T, b Binder) *orders {
	o := newOrders(newLooks(b, defaults()))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if err := o.Start(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); group.Wait() })
	return o
}

// One call that hangs holds nobody up, ends with its time, and is tried again
// with back-off.
func TestOrdersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := carrying(t, stuck{id: "i-0"})
		for i := range 100 {
			id := fmt.Sprintf("i-%d", i)
			o.attach("node of "+id, id)
			o.give(id, hide)
		}
		synctest.Wait() // no time passes
		for i := range 100 {
			if know := o.of(fmt.Sprintf("i-%d", i)); know.hidden() != (i > 0) {
				t.Fatalf("i-%d: %+v", i, know)
			}
		}
		for fails := 1; fails <= 3; fails++ {
			time.Sleep(o.opts.CallTime)
			synctest.Wait()
			answer, _ := o.give("i-0", hide)
			if answer == nil || !errors.Is(answer.Err, context.DeadlineExceeded) {
				t.Fatalf("after the call's time: %+v", answer)
			}
			if again, wait := o.give("i-0", hide); again != nil || wait != time.Second<<fails {
				t.Fatalf("again: %+v, in %s", again, wait)
			}
			time.Sleep(time.Second << fails)
			if again, wait := o.give("i-0", hide); again != nil || wait != 0 {
				t.Fatalf("again: %+v, in %s", again, wait)
			}
		}
	})
}

// What is wanted otherwise, while an order is carried out, is carried out after
// it, and only that is answered.
func TestOrderIsChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := carrying(t, stuck{id: "i-0"})
		o.attach("a", "i-0")
		o.give("i-0", hide)
		synctest.Wait()
		o.give("i-0", show)
		time.Sleep(o.opts.CallTime)
		synctest.Wait()
		if know := o.of("i-0"); !know.seen || know.hidden() || know.answer != nil || know.order != "" {
			t.Errorf("%+v", know)
		}
		if answer, _ := o.give("i-unknown", hide); answer != nil {
			t.Errorf("%+v", answer)
		}
	})
}

// What is asked about an instance whose node is gone is answered, though an order
// is carried out at the same time.
func TestOrderForOneThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := carrying(t, stuck{})
		o.attach("a", "i-1")
		o.give("i-1", show)
		o.bury("a", "i-1")
		o.ask("i-1")
		call, _ := o.depart()
		synctest.Wait()
		o.land(call, binder.Outcome{InstanceID: "i-1", Status: binder.Unbound})
		if e := o.of("i-1"); e.outcome == nil || e.outcome.Status != binder.Unbound {
			t.Errorf("%+v", e)
		}
	})
}

// ending is a Binder that finds an instance ended when it is to be hidden.
type ending struct{ Binder }

func (ending) Drain(_ context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	return binder.Outcome{InstanceID: id, Status: binder.Unbound}, nil
}

// An order may be what takes a binding back: that is news, for a node that is gone,
// too, of which somebody asks at the same time.
func TestOrderThatUnbinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := carrying(t, ending{})
		o.attach("a", "i-1")
		o.give("i-1", hide)
		o.bury("a", "i-1")
		o.ask("i-1")
		call, _ := o.depart()
		synctest.Wait()
		o.land(call, binder.Outcome{InstanceID: "i-1", Status: binder.Gone})
		if e := o.of("i-1"); e.outcome == nil || e.outcome.Status != binder.Unbound || e.order != "" {
			t.Errorf("%+v", e)
		}
	})
}

// What a call of Reconcile has seen before an order was carried out is no news
// after it.
func TestOrderIsNewerThanALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := carrying(t, stuck{})
		o.attach("a", "i-1")
		o.ask("i-1")
		call, _ := o.depart()
		o.give("i-1", hide)
		synctest.Wait()
		o.land(call, boundOutcome("i-1"))
		if e := o.of("i-1"); !e.hidden() {
			t.Errorf("%+v", e)
		}
	})
}
