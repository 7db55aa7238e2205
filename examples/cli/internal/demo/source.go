package demo

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// lookEvery is the time between two looks at what has happened.
const lookEvery = 20 * time.Millisecond

// source is EventBridge and Lambda: it turns the simulator's state changes into
// events, invokes the handler for each until it is content, and for a schedule.
type source struct {
	sim     *awssim.Sim
	handle  func(context.Context, json.RawMessage) (any, error)
	printer *printer
}

// deliverAll works until the context ends, and until all deliveries have.
func (s source) deliverAll(ctx context.Context) {
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	for seq := 0; pause(ctx, lookEvery) == nil; {
		for _, change := range s.sim.StateChanges(seq) {
			seq = change.Seq
			s.printer.state(change)
			deliveries.Go(func() { s.deliver(ctx, s.sim.Event(change)) })
		}
	}
}

// sweepAll lets the handler sweep on a schedule until the context ends: who waits
// for an address gets one by that.
func (s source) sweepAll(ctx context.Context) {
	for pause(ctx, sweepEvery) == nil {
		s.deliver(ctx, json.RawMessage(`{"detail-type": "Scheduled Event"}`))
	}
}

// deliver invokes the handler, and again as long as it asks for that. Another
// error means that the event is given up.
func (s source) deliver(ctx context.Context, event json.RawMessage) {
	for {
		_, err := s.handle(ctx, event)
		if err == nil || ctx.Err() != nil {
			return
		}
		var again *lambdaevent.RetryError
		if !errors.As(err, &again) {
			s.printer.note("dropped", err.Error(), "an event is given up: "+err.Error())
			return
		}
		if pause(ctx, redelivery) != nil {
			return
		}
	}
}
