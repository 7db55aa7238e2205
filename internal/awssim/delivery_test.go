package awssim_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// busy runs 100 instances through all their states, and returns the deliveries.
// It looks every now and then.
func (w *world) busy(look time.Duration) []awssim.Delivery {
	w.t.Helper()
	ids, err := w.sim.Launch(awssim.LaunchSpec{Count: 100})
	must(w.t, err)
	for _, step := range []func(...string) error{w.sim.Stop, w.sim.Start, w.sim.Terminate} {
		time.Sleep(10 * time.Second)
		must(w.t, step(ids...))
	}
	var all []awssim.Delivery
	for range time.Hour / look {
		all = append(all, w.sim.Deliveries(len(all))...)
		time.Sleep(look)
	}
	return all
}

// outOfOrder counts the deliveries of what is older than what the same
// instance has delivered before.
func outOfOrder(deliveries []awssim.Delivery) (n int) {
	newest := map[string]int{}
	for _, d := range deliveries {
		if d.Change.Seq < newest[d.Change.InstanceID] {
			n++
		}
		newest[d.Change.InstanceID] = max(newest[d.Change.InstanceID], d.Change.Seq)
	}
	return n
}

func events(e awssim.Events) func(*awssim.Options) {
	return func(o *awssim.Options) {
		e.Hold = o.Events.Hold
		o.Events = e
	}
}

func TestDeliveries(t *testing.T) {
	const all = 800 // state changes of busy
	delay := awssim.Range{Min: 5 * time.Second, Max: 17 * time.Second}
	runSeeded(t, []rule{
		{"at once and in order by default", "Options.Events", nil, func(t *testing.T, w *world) {
			changes := func(all []awssim.Delivery) (changes []awssim.StateChange) {
				for n, d := range all {
					equal(t, "number", d.Seq, n+1)
					equal(t, "arrival", d.At, d.Change.At)
					changes = append(changes, d.Change)
				}
				return changes
			}(w.busy(time.Minute))
			equal(t, "changes", len(changes), all)
			if diff := cmp.Diff(w.sim.StateChanges(0), changes); diff != "" {
				t.Error(diff)
			}
		}},
		{"delay", "AWS-FACTS: 5-17 s", events(awssim.Events{Delay: delay}), func(t *testing.T, w *world) {
			deliveries, overtaken := w.busy(time.Second), 0
			equal(t, "deliveries", len(deliveries), all)
			equal(t, "out of order within an instance", outOfOrder(deliveries), 0)
			for n, d := range deliveries {
				between(t, "seconds", d.At.Sub(d.Change.At).Seconds(), 5, 17)
				if n > 0 && d.Change.Seq < deliveries[n-1].Change.Seq {
					overtaken++
				}
			}
			between(t, "overtaken by another instance's", overtaken, 100, all)
		}},
		{"loss", "AWS-FACTS: may be lost", events(awssim.Events{Lost: 0.1}), func(t *testing.T, w *world) {
			between(t, "deliveries", len(w.busy(time.Minute)), all*85/100, all*95/100)
		}},
		{"duplicates", "AWS-FACTS: duplicated", events(awssim.Events{Duplicated: 0.1}), func(t *testing.T, w *world) {
			seen, again := map[string]bool{}, 0
			for _, d := range w.busy(time.Second) {
				event := string(w.sim.Event(d.Change))
				if seen[event] {
					again++
					between(t, "seconds", d.At.Sub(d.Change.At).Seconds(), 1, 60)
				}
				seen[event] = true
			}
			equal(t, "events", len(seen), all)
			between(t, "duplicates", again, all*5/100, all*15/100)
		}},
		{"reordering", "AWS-FACTS: reordered", events(awssim.Events{Reordered: 0.1}), func(t *testing.T, w *world) {
			deliveries := w.busy(time.Second)
			equal(t, "deliveries", len(deliveries), all)
			between(t, "out of order", outOfOrder(deliveries), all*5/100, all*15/100)
		}},
		{"NextDue tells when to look", "Sim.NextDue", events(awssim.Events{Delay: exactly(7 * time.Second)}), func(t *testing.T, w *world) {
			start := time.Now()
			w.launch(awssim.LaunchSpec{})
			for _, want := range []time.Duration{5, 7, 12} {
				at, ok := w.sim.NextDue()
				equal(t, "due", ok, true)
				equal(t, "at", at.Sub(start), want*time.Second)
				time.Sleep(time.Until(at))
			}
			equal(t, "deliveries", len(w.sim.Deliveries(0)), 2)
			equal(t, "the last one", w.sim.Deliveries(1)[0].Change.State, awssim.Running)
		}},
		{"as on AWS", "AWS-FACTS: running 5-17 s after launch, 5 % duplicate, 5 % reordered, 1 % lost", awssim.AWSEvents, func(t *testing.T, w *world) {
			start, intime := time.Now(), 0
			deliveries := w.busy(time.Second)
			for _, d := range deliveries {
				after := d.At.Sub(start)
				if d.Change.State == awssim.Running && after < 40*time.Second && after >= 5*time.Second && after <= 17*time.Second {
					intime++
				}
			}
			between(t, "of 100 in time", intime, 80, 100)
			between(t, "deliveries", len(deliveries), all-20+20, all+60)
			between(t, "out of order", outOfOrder(deliveries), 30, 140)
		}},
	})
}

// TestDeliveriesFollowFromTheSeed: not from when somebody looks, nor from what else is random.
func TestDeliveriesFollowFromTheSeed(t *testing.T) {
	run := func(seed uint64, look time.Duration, lost float64) (log []byte) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(o *awssim.Options) {
				awssim.AWSEvents(o)
				o.Seed, o.Events.Lost = seed, lost
			})
			start := time.Now()
			for _, d := range w.busy(look) {
				log = fmt.Appendln(log, d.Seq, d.Change.Seq, d.At.Sub(start))
			}
		})
		return log
	}
	one := run(1, time.Second, 0.01)
	equal(t, "same seed, seen at other times", bytes.Equal(run(1, 7*time.Minute, 0.01), one), true)
	equal(t, "another seed", bytes.Equal(run(2, time.Second, 0.01), one), false)
}
