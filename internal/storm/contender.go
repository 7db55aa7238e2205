package storm

import (
	"context"
	"time"
)

// Contender is a way to make workers usable.
type Contender struct {
	Name string
	// PerAddress: its names belong to addresses, and stay when these are freed.
	PerAddress bool
	// Prepare is what an operator does once, long before the first launch; its
	// calls are not counted. Nil: nothing.
	Prepare func(context.Context, *World) error
	// Run follows the world's events until the context ends, and returns when
	// all that it has started is at its end. Its error is one of construction:
	// what goes wrong with workers shows in the result.
	Run func(context.Context, *World) error
}

// Contenders returns all of them.
func Contenders() []Contender {
	var all []Contender
	for _, n := range []Naming{Prewarmed, ByInstance} {
		all = append(all, Controller(n), Queue(n), EventByEvent(n))
	}
	return append(all, Prototype(), ClusterLock())
}

const (
	// sweepInterval is how often this module's contenders sweep.
	sweepInterval = time.Minute
	// sweepSharers is among how many EC2's quotas are split for a function that
	// sweeps: it works for a part of each minute, and at the end of a storm it has to
	// have turns for those whose events were lost. What it uses then beside the others
	// is throttled now and again, and all slow down.
	sweepSharers = 2
)

// eachMinute calls sweep each minute until the context ends; a sweep's own
// context ends before the next one is due.
func eachMinute(ctx context.Context, sweep func(context.Context)) {
	next := time.Now().Add(sweepInterval)
	for sleep(ctx, time.Until(next)) == nil {
		next = next.Add(sweepInterval)
		limited, cancel := context.WithDeadline(ctx, next.Add(-5*time.Second))
		sweep(limited)
		cancel()
	}
}
