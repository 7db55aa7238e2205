package storm

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
)

const (
	// eventConcurrency is the reserved concurrency of a function for each event.
	eventConcurrency = 50
	// eventSharers is among how many of these processes AWS's quotas are split:
	// most of them wait for DNS or for an event. Among 50 nobody is throttled, but
	// the quick half of a small storm becomes usable half as fast.
	eventSharers = 10
	// coldStart is how long a Go binary on Lambda takes to start.
	coldStart = 100 * time.Millisecond
	// functionTimeout is how long this module's functions may take.
	functionTimeout = 2 * time.Minute
)

// EventByEvent is this module as EventBridge's target: one invocation of
// adapters/lambdaevent for each event, and one each minute that sweeps.
func EventByEvent(n Naming) Contender {
	c := n.contender("event per Lambda")
	c.Run = func(ctx context.Context, w *World) error {
		handlers, err := w.handlers("event", n, eventConcurrency)
		if err != nil {
			return err
		}
		sweeper, err := w.newBinder("sweep", n, forBatches().sharedBy(sweepSharers))
		if err != nil {
			return err
		}
		f := &function{concurrency: eventConcurrency, timeout: functionTimeout, coldStart: coldStart,
			handle: func(ctx context.Context, environment int, event []byte) error {
				_, err := handlers[environment-1].Handle(ctx, event)
				return err
			}}
		var group sync.WaitGroup
		defer group.Wait()
		group.Go(func() { eachMinute(ctx, func(ctx context.Context) { _, _ = sweeper.Sweep(ctx) }) }) // the next sweep tries again
		for d := range w.Events(ctx) {
			if d.Change.State != "pending" {
				group.Go(func() { f.invokeAsync(ctx, w.Sim.Event(d.Change)) })
			}
		}
		return nil
	}
	return c
}

// handlers returns one handler, with a Binder of its own, for each environment.
func (w *World) handlers(process string, n Naming, environments int) ([]*lambdaevent.Handler, error) {
	var all []*lambdaevent.Handler
	for i := range environments {
		b, err := w.newBinder(fmt.Sprintf("%s-%d", process, i+1), n, shipped().sharedBy(eventSharers).handingBack())
		if err != nil {
			return nil, err
		}
		all = append(all, lambdaevent.New(b))
	}
	return all, nil
}
