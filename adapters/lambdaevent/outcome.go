package lambdaevent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// Response is the answer to an event that needs no other invocation.
type Response struct {
	Outcomes []binder.Outcome `json:"outcomes"`
	// Failed counts the outcomes that failed for good.
	Failed int `json:"failed"`
}

func respond(outcomes []binder.Outcome) Response {
	r := Response{Outcomes: outcomes}
	for _, o := range outcomes {
		if o.Err != nil {
			r.Failed++
		}
	}
	return r
}

// RetryError makes Lambda invoke the function again. It is what the failed ones
// of its outcomes wrap.
type RetryError struct {
	// Outcomes are those that are not done: waiting ones, and failed ones where
	// another try may help.
	Outcomes []binder.Outcome
}

// Error says of each outcome why it is not done.
func (e *RetryError) Error() string {
	parts := make([]string, len(e.Outcomes))
	for i, o := range e.Outcomes {
		parts[i] = fmt.Sprintf("%s is %s", o.InstanceID, o.Status)
		switch {
		case o.Err != nil:
			parts[i] = fmt.Sprintf("%s: %v", parts[i], o.Err)
		case o.Reason != "":
			parts[i] = fmt.Sprintf("%s: %s; come back in %s", parts[i], o.Reason, o.RetryAfter.Round(time.Second))
		}
	}
	return strings.Join(parts, "\n")
}

// Unwrap returns the errors of the failed outcomes.
func (e *RetryError) Unwrap() []error {
	var errs []error
	for _, o := range e.Outcomes {
		if o.Err != nil {
			errs = append(errs, o.Err)
		}
	}
	return errs
}

// retry returns a *RetryError if any of the outcomes needs another invocation.
func retry(n notification, outcomes []binder.Outcome) error {
	var open []binder.Outcome
	for _, o := range outcomes {
		if n.leavesOpen(&o) {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return &RetryError{Outcomes: open}
}

// leavesOpen reports whether the notification has to come back after this
// outcome, and adds the reason where it is not the outcome's own.
func (n notification) leavesOpen(o *binder.Outcome) bool {
	switch {
	case o.Status == binder.Exhausted:
		return false // the sweep's: it would come back in vain
	case o.Status == binder.NotReady && n.followed() && !n.begun(*o):
		return false
	case o.Status == binder.Gone && n.State == string(binder.Running):
		o.Reason = "EC2 does not show it, though it has just said that it runs"
		return true
	}
	return o.Status.Waiting() || o.Err != nil && !terminal(*o)
}

// followed reports whether an instance that is not ready in this state needs
// no other invocation: another state follows, or the sweep ends the grace.
func (n notification) followed() bool {
	switch binder.State(n.State) {
	case binder.Pending, binder.ShuttingDown, binder.Stopping, binder.Stopped:
		return true
	}
	return false
}

// begun reports whether a bind was begun, though by the notification the instance
// is only pending: it runs by now, and the event that tells so may be lost.
func (n notification) begun(o binder.Outcome) bool {
	return n.State == string(binder.Pending) && o.AllocationID != ""
}

// terminal reports whether the outcome is a failure that trying again cannot
// mend.
func terminal(o binder.Outcome) bool {
	var failure *binder.Error
	return errors.As(o.Err, &failure) && failure.Terminal
}

// outcome drops the error, which is the outcome's.
func outcome(o binder.Outcome, _ error) binder.Outcome { return o }

// log logs each outcome, with what else is known.
func (h *Handler) log(ctx context.Context, outcomes []binder.Outcome, attrs ...any) {
	for _, o := range outcomes {
		level, message := slog.LevelInfo, "reconciled"
		line := append(slices.Clone(attrs), "instance", o.InstanceID, "status", string(o.Status))
		switch {
		case terminal(o):
			level, message = slog.LevelError, "failed for good"
		case o.Err != nil:
			level, message = slog.LevelWarn, "failed"
		}
		if o.Reason != "" {
			line = append(line, "reason", o.Reason)
		}
		if o.Err != nil {
			line = append(line, "error", o.Err)
		}
		h.opts.Logger.Log(ctx, level, message, line...)
	}
}
