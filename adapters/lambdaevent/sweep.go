package lambdaevent

import (
	"context"
	"errors"
	"log/slog"

	"github.com/eipbinder/eipbinder/binder"
)

// SweepResponse is the answer to a schedule.
type SweepResponse struct {
	Actions  int `json:"actions"`
	Findings int `json:"findings"`
	// Failed counts the instances that failed.
	Failed int  `json:"failed"`
	Paused bool `json:"paused,omitempty"`
}

// sweep sweeps, and says in numbers what came of it; the log has the rest.
func (h *Handler) sweep(ctx context.Context) (any, error) {
	report, err := h.binder.Sweep(ctx)
	for _, f := range report.Findings {
		h.opts.Logger.WarnContext(ctx, "sweep found", "kind", string(f.Kind), "instance", f.InstanceID,
			"allocation", f.AllocationID, "name", f.Name, "detail", f.Detail)
	}
	answer := SweepResponse{Actions: len(report.Actions), Findings: len(report.Findings)}
	for _, o := range report.Outcomes {
		if o.Err != nil {
			answer.Failed++
		}
	}
	level := slog.LevelInfo
	switch {
	case errors.Is(err, binder.ErrPaused):
		answer.Paused = true
	case err != nil && report.Outcomes == nil:
		h.opts.Logger.ErrorContext(ctx, "sweep stopped", "error", err)
		return nil, err
	case err != nil:
		level = slog.LevelError
	}
	h.opts.Logger.Log(ctx, level, "swept", "actions", answer.Actions, "findings", answer.Findings,
		"failed", answer.Failed, "paused", answer.Paused, "error", err)
	return answer, nil
}
