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

// sweep lets the nodes know what became of their instances.
func (c *Controller) sweep(ctx context.Context) {
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
	report, err := c.binder.Sweep(binder.WithOutcomes(ctx, tell))
	if ctx.Err() != nil {
		return
	}
	for _, f := range report.Findings {
		c.opts.Logger.WarnContext(ctx, "sweep found", "kind", string(f.Kind), "instance", f.InstanceID,
			"allocation", f.AllocationID, "name", f.Name, "detail", f.Detail)
	}
	failed := 0
	for _, o := range report.Outcomes {
		c.looks.found(o, began) // unless it was told before
		if o.Err != nil {
			failed++
		}
	}
	level := slog.LevelInfo
	if err != nil && !errors.Is(err, binder.ErrPaused) {
		level = slog.LevelError
	}
	c.opts.Logger.Log(ctx, level, "swept", "actions", len(report.Actions), "findings", len(report.Findings),
		"failed", failed, "error", err)
}
