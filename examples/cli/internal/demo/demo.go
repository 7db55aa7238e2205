// Package demo plays a short life of a small fleet: ten workers want eight
// addresses, three go, two more are served. EC2 and Route 53 are simulated;
// what is shown is what the binder really does with them.
//
//	err := demo.Run(ctx, os.Stdout, false)
//
// Each Run has a world of its own, so several may go on at once.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// The play's numbers.
const (
	workers    = 10
	addresses  = 8
	terminated = 3
)

// patience is more than the play ever takes.
const patience = time.Minute

// ErrVerification says that the world did not end as it must.
var ErrVerification = errors.New("the final state is not what it must be")

// Run plays the demo and writes what happens: as lines for people, or as JSON,
// one object on each line. It returns nil only if the verification at the end
// found everything as it must be. If the context ends, so does the demo.
func Run(ctx context.Context, out io.Writer, asJSON bool) error {
	p := newPrinter(out, asJSON)
	p.introduce()
	w, err := newWorld(p)
	if err != nil {
		return err
	}
	if err := w.play(ctx, p); err != nil {
		return err
	}
	return errors.Join(w.conclude(ctx, p), p.failure())
}

// introduce says what is simulated and what is real.
func (p *printer) introduce() {
	simulated := fmt.Sprintf(`EC2 and Route 53, by a strict simulator within this process: no AWS account,
no network, no money. The records are in memory. Times are shortened: a launch
takes %s, DNS is in sync after %s, the TTL is %s, the cool-down %s, an event that
cannot be handled yet is delivered again after %s, and a sweep comes every %s.`, pending, insync, ttl, coolDown, redelivery, sweepEvery)
	const genuine = `the binder, its Lambda event handler, the AWS SDK clients, and the wire
formats between them and the simulator.`
	p.note("simulated", simulated, "Simulated: "+simulated)
	p.note("real", genuine, "Real: "+genuine)
}

// play runs the two acts while the events are delivered.
func (w *world) play(ctx context.Context, p *printer) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	if err := w.binder.Check(ctx); err != nil {
		return err
	}
	p.start()
	events := source{sim: w.sim, handle: lambdaevent.New(w.binder).Handle, printer: p}
	background.Go(func() { events.deliverAll(ctx) })
	background.Go(func() { events.sweepAll(ctx) })
	if err := w.scaleOut(ctx, p); err != nil {
		return err
	}
	return w.scaleIn(ctx, p)
}

func (w *world) scaleOut(ctx context.Context, p *printer) error {
	p.act(fmt.Sprintf("%d workers are launched at once; the pool has %d addresses", workers, addresses))
	if err := w.launch(workers); err != nil {
		return err
	}
	return until(ctx, fmt.Sprintf("%d workers are bound and %d wait", addresses, workers-addresses), func() bool {
		return w.reached(ctx, addresses, 0) && p.told(binder.EventExhausted) == workers-addresses
	})
}

func (w *world) scaleIn(ctx context.Context, p *printer) error {
	p.act(fmt.Sprintf("%d workers are terminated; what they free cools down, then those that wait get theirs", terminated))
	if err := w.terminate(ctx, terminated); err != nil {
		return err
	}
	left := workers - terminated
	return until(ctx, fmt.Sprintf("the other %d workers are bound, and no address is in between", left), func() bool {
		return w.reached(ctx, left, addresses-left)
	})
}

// until waits for the condition.
func until(ctx context.Context, what string, reached func() bool) error {
	for !reached() {
		if err := pause(ctx, lookEvery); errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: not within %s: %s", ErrVerification, patience, what)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
