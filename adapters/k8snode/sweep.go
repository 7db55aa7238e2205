package k8snode

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// sweeper sweeps for as long as this process leads.
type sweeper struct{ c *Controller }

// Start sweeps at once, and then at the interval, until the context ends.
func (s sweeper) Start(ctx context.Context) error {
	for {
		s.c.sweep(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.c.opts.SweepEvery):
		}
	}
}

// NeedLeaderElection keeps all but the leader from sweeping.
func (sweeper) NeedLeaderElection() bool { return true }

// NeedLeaderElection keeps all but the leader from reconciling.
func (*looks) NeedLeaderElection() bool { return true }

// sweep lets the nodes know what became of their instances. One that takes too
// long, because the store does not answer, say, must not be the last one.
func (c *Controller) sweep(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, c.opts.SweepTime)
	defer cancel()
	began := time.Now()
	tell := func(o binder.Outcome) {
		switch {
		case ctx.Err() != nil: // the process ends
		case o.Status == binder.Bound || o.Status == binder.Unbound:
			c.looks.made(o)
		default:
			c.looks.found(o, began)
		}
	}
	report, err := c.binder.Sweep(c.looks.claimed(c.looks.drained(binder.WithOutcomes(limited, tell))))
	if ctx.Err() != nil {
		return
	}
	message, level := "swept", slog.LevelInfo
	switch {
	case limited.Err() != nil:
		message, level = "the sweep did not end in time", slog.LevelError
	case err != nil && !errors.Is(err, binder.ErrPaused):
		level = slog.LevelError
	}
	failed := c.swept(ctx, report, began)
	c.opts.Logger.Log(ctx, level, message, "took", time.Since(began), "actions", len(report.Actions),
		"findings", len(report.Findings), "failed", failed, "error", err)
}

// swept logs what a sweep found, tells the nodes that were not told before, and
// returns how many instances failed.
func (c *Controller) swept(ctx context.Context, report binder.Report, began time.Time) (failed int) {
	for _, f := range report.Findings {
		c.opts.Logger.WarnContext(ctx, "sweep found", "kind", string(f.Kind), "instance", f.InstanceID,
			"allocation", f.AllocationID, "name", f.Name, "detail", f.Detail)
	}
	for _, o := range report.Outcomes {
		c.looks.found(o, began)
		if o.Err != nil {
			failed++
		}
	}
	return failed
}
