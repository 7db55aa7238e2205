package storm

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

const (
	// suffix is the zone, and where all names are.
	suffix = "media.example.com."
	// fillUp is longer than any bucket needs to be full again after set-up.
	fillUp = 5 * time.Minute
)

// World is the simulated AWS of one run, its record store, and what happens there.
type World struct {
	Profile Profile
	Seed    uint64
	Sim     *awssim.Sim
	Records *Records
	ZoneID  string

	start    time.Time
	before   counts // what set-up has called
	launched []string
	judge    *judge
}

// newWorld returns a world before its first launch, with a pool of addresses.
func newWorld(p Profile, seed uint64) (*World, error) {
	w := &World{Profile: p, Seed: seed}
	w.judge = newJudge(w, p.Launches())
	w.Records = newRecords(w)
	w.Sim = awssim.New(awssim.AWSLatency, awssim.AWSEvents, func(o *awssim.Options) {
		o.Seed = seed
		o.AddressQuota = p.Addresses
		o.Intercept = w.judge.intercept
		o.RefuseOverlap = true
		o.Buckets = awssim.EC2Buckets().With(awssim.Route53Buckets())
		if p.OldRoute53 {
			o.Buckets = awssim.EC2Buckets().With(awssim.Route53BucketsBefore())
		}
	})
	var err error
	if w.ZoneID, err = w.Sim.CreateZone(suffix); err != nil {
		return nil, err
	}
	for range p.Addresses {
		tags := map[string]string{"Pool": "byol", "App": "streaming", "status": "unassociated"}
		if _, err := w.Sim.Allocate("", tags); err != nil {
			return nil, fmt.Errorf("make the pool: %w", err)
		}
	}
	return w, nil
}

// begin ends the set-up.
func (w *World) begin() {
	time.Sleep(fillUp)
	w.start, w.before = time.Now(), w.counts()
}

// Events plays the profile and yields what EventBridge delivers, when it does:
// late, twice, out of order, or not at all. It ends with the context. Events or
// Changes may be called once.
func (w *World) Events(ctx context.Context) iter.Seq[awssim.Delivery] {
	return follow(ctx, w, w.Sim.Deliveries, func(d awssim.Delivery) int { return d.Seq })
}

// Changes is Events without the faults, for who is on the worker itself.
func (w *World) Changes(ctx context.Context) iter.Seq[awssim.StateChange] {
	return follow(ctx, w, w.Sim.StateChanges, func(c awssim.StateChange) int { return c.Seq })
}

func follow[T any](ctx context.Context, w *World, since func(int) []T, number func(T) int) iter.Seq[T] {
	return func(yield func(T) bool) {
		script, seen := w.Profile.script(w.Seed), 0
		for {
			for len(script) > 0 && time.Since(w.start) >= script[0].at {
				w.play(script[0])
				script = script[1:]
			}
			for _, arrived := range since(seen) {
				seen = number(arrived)
				if !yield(arrived) {
					return
				}
			}
			if sleep(ctx, w.untilNext(script)) != nil {
				return
			}
		}
	}
}

// untilNext is how long nothing happens.
func (w *World) untilNext(script []step) time.Duration {
	next := time.Now().Add(time.Hour)
	if at, ok := w.Sim.NextDue(); ok && at.Before(next) {
		next = at
	}
	if len(script) > 0 && w.start.Add(script[0].at).Before(next) {
		next = w.start.Add(script[0].at)
	}
	return time.Until(next)
}

func (w *World) play(s step) {
	var gone []string
	for _, n := range s.terminate {
		gone = append(gone, w.launched[n])
	}
	w.judge.end(gone)
	if err := w.Sim.Terminate(gone...); err != nil && len(gone) > 0 {
		panic(err) // they were running
	}
	ids, err := w.Sim.Launch(awssim.LaunchSpec{Count: s.launch, Tags: map[string]string{
		"karpenter.sh/nodepool":         "media",
		"karpenter.sh/provisioner-name": "default", // before Karpenter v1, for the prototype
	}})
	if err != nil {
		panic(err) // nothing limits a world's launches
	}
	w.launched = append(w.launched, ids...)
}

// since is a moment as a time since the first launch.
func (w *World) since(at time.Time) time.Duration { return at.Sub(w.start) }

// sleep lets the time pass, unless the context ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ctx.Err()
	}
}
