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
	answer := h.logSweep(ctx, report, err)
	if err != nil && !answer.Paused && report.Outcomes == nil {
		return nil, err
	}
	return answer, nil
}

func (h *Handler) logSweep(ctx context.Context, report binder.Report, err error) SweepResponse {
	for _, f := range report.Findings {
		h.opts.Logger.WarnContext(ctx, "sweep found", "kind", string(f.Kind), "instance", f.InstanceID,
			"allocation", f.AllocationID, "name", f.Name, "detail", f.Detail)
	}
	answer := SweepResponse{Actions: len(report.Actions), Findings: len(report.Findings), Paused: errors.Is(err, binder.ErrPaused)}
	for _, o := range report.Outcomes {
		if o.Err != nil {
			answer.Failed++
		}
	}
	level, message := slog.LevelInfo, "swept"
	switch {
	case err != nil && !answer.Paused && report.Outcomes == nil:
		level, message = slog.LevelError, "sweep stopped"
	case err != nil && !answer.Paused:
		level = slog.LevelError
	}
	h.opts.Logger.Log(ctx, level, message, "actions", answer.Actions, "findings", answer.Findings,
		"failed", answer.Failed, "paused", answer.Paused, "dryRun", report.DryRun, "error", err)
	return answer
}
