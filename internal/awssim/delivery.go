package awssim

import (
	"math/rand/v2"
	"time"
)

// Events is how state changes reach the subscriber of an event source, which is
// best effort (AWS-FACTS.md). Shares go from 0 to 1; by default nothing goes
// wrong and no time passes.
type Events struct {
	// Delay is the time from the change to its delivery. Without Reordered, the
	// deliveries of one instance stay in order all the same.
	Delay Range
	// Lost is the share that is never delivered.
	Lost float64
	// Duplicated is the share that is delivered twice, the second time after Hold.
	Duplicated float64
	// Reordered is the share that is held back for Hold, so that later ones overtake it.
	Reordered float64
	// Hold is a time beyond Delay; default 1 s to 1 minute.
	Hold Range
}

// AWSEvents is an option that delivers events as the storm profiles of
// AWS-FACTS.md have it: 1 % lost, 5 % duplicated, 5 % reordered, and "running"
// 5 to 17 s after the launch, of which PendingFor's 5 s are the first part.
func AWSEvents(o *Options) {
	o.PendingFor = 5 * time.Second
	o.Events.Delay = Range{0, 12 * time.Second}
	o.Events.Lost, o.Events.Duplicated, o.Events.Reordered = 0.01, 0.05, 0.05
}

// Delivery is one arrival of a state change at the subscriber.
type Delivery struct {
	// Seq numbers the deliveries from 1, in the order in which they arrive.
	Seq int
	// At is when it arrives.
	At time.Time
	// Change is what has happened, some time before. [Sim.Event] makes the event.
	Change StateChange
}

// Deliveries returns the deliveries until now whose Seq is greater than after;
// 0 gives all. It is StateChanges with the faults of Options.Events.
func (s *Sim) Deliveries(after int) []Delivery {
	var arrived []Delivery
	s.view(func(m *model) {
		from := min(max(after, 0), len(m.deliveries))
		arrived = append(arrived, m.deliveries[from:]...)
	})
	return arrived
}

// announce plans the deliveries of a change. Every number is drawn, needed or
// not, so that another share changes nothing but what it is for.
func (m *model) announce(i *instance, c StateChange) {
	e, g := m.opts.Events, m.random.numbered("event", c.Seq)
	delay, hold, again := e.Delay.draw(g), e.Hold.draw(g), e.Hold.draw(g)
	lost, reordered, duplicated := hit(g, e.Lost), hit(g, e.Reordered), hit(g, e.Duplicated)
	if lost {
		return
	}
	at := m.now.Add(delay)
	if reordered {
		at = at.Add(hold)
	} else {
		if at.Before(i.notifiedAt) {
			at = i.notifiedAt
		}
		i.notifiedAt = at
	}
	m.deliver(c, at)
	if duplicated {
		m.deliver(c, at.Add(again))
	}
}

func hit(g *rand.Rand, share float64) bool { return g.Float64() < share }

func (m *model) deliver(c StateChange, at time.Time) {
	arrive := func() {
		m.deliveries = append(m.deliveries, Delivery{Seq: len(m.deliveries) + 1, At: m.now, Change: c})
	}
	if !at.After(m.now) {
		arrive()
		return
	}
	m.plan(at, arrive)
}
