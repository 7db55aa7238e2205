// Package lambdaevent lets a [binder.Binder], or a [binder.Mux], work as an AWS
// Lambda function. A [Handler] takes EventBridge's "EC2 Instance State-change
// Notification" of any state and reconciles the instance that it is about; and
// it takes the "Scheduled Event" of a rule with a schedule, and sweeps:
//
//	b, err := binder.New(backends, func(o *binder.Options) { o.Suffix = "media.example.com" })
//	if err != nil {
//		return err
//	}
//	lambda.Start(lambdaevent.New(b))
//
// The notification is a hint and no more: such events get lost, are repeated and
// overtake each other, so that what counts is what EC2 says when the handler asks.
// Whoever may write to the event bus can therefore do no harm with a made-up one.
//
// EventBridge invokes a function asynchronously: if the answer is an error, Lambda
// invokes it again after one minute and after two more, and then gives the
// event up to the function's dead-letter queue or on-failure destination. So an
// error means "come back": see [Handler.Handle].
//
// A Handler is safe for concurrent use.
package lambdaevent

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// Binder is what a Handler calls; *binder.Binder has it, and *binder.Mux.
type Binder interface {
	Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error)
	Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error)
}

var (
	_ Binder = (*binder.Binder)(nil)
	_ Binder = (*binder.Mux)(nil)
)

// Options configure a Handler.
type Options struct {
	// Region and AccountID, such as "eu-central-1" and "123456789012", are where
	// events must come from; others are an *EventError. Empty: not compared.
	Region, AccountID string
	// Margin is the time kept before the function's deadline for storing what was
	// done and for the answer, since Lambda then kills the process. At most a
	// quarter of the time that is left is kept. Default 6 s; zero means none.
	Margin time.Duration
	// Logger gets failures, at level error if trying again cannot help.
	// Default: silence.
	Logger *slog.Logger
}

// Handler handles Lambda's invocations. Make one with New, and give it to
// lambda.Start.
type Handler struct {
	binder Binder
	opts   Options
}

// New returns a Handler for the Binder. It panics if the Binder is nil.
func New(b Binder, optFns ...func(*Options)) *Handler {
	opts := Options{Margin: 6 * time.Second}
	for _, fn := range optFns {
		fn(&opts)
	}
	if b == nil {
		panic("lambdaevent: Binder is nil")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{binder: b, opts: opts}
}

// Handle handles one payload. For a notification the answer is a [Response],
// and the error says whether Lambda should invoke the function again:
//
//	outcome of the instance                           error
//	bound, already bound, unbound, ineligible         nil
//	gone                                              nil, but for the state "running" a *RetryError:
//	                                                  EC2 may not show a new instance yet
//	not ready, and the state is none to stay in       nil: another event follows
//	not ready, and the state is "stopped"             nil: the sweep ends the grace
//	busy, not ready, exhausted                        *RetryError
//	failed, and trying again may help                 *RetryError
//	failed, and it cannot help (Terminal)             nil: logged, and counted in the answer
//
// For a schedule the answer is a [SweepResponse]. The error is that of a sweep
// that was stopped before it did anything, but for a pause; instances that
// failed are logged and counted, since the next sweep tries them again.
//
// A payload that is malformed or of an unknown kind is an *EventError.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (any, error) {
	event, err := h.decode(payload)
	if err != nil {
		return nil, h.refuse(ctx, err)
	}
	ctx, cancel := h.limit(ctx)
	defer cancel()
	if event.DetailType == schedule {
		return h.sweep(ctx)
	}
	n, err := decodeNotification(event)
	if err != nil {
		return nil, h.refuse(ctx, err)
	}
	outcomes, _ := h.binder.Reconcile(ctx, n.InstanceID) // each failed outcome has its error
	h.log(ctx, n, outcomes)
	if err := retry(n, outcomes); err != nil {
		return nil, err
	}
	return respond(outcomes), nil
}

func (h *Handler) refuse(ctx context.Context, err error) error {
	h.opts.Logger.ErrorContext(ctx, "event refused", "error", err)
	return &EventError{Err: err}
}

// Invoke is Handle for lambda.Start: it makes the Handler a lambda.Handler.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := h.Handle(ctx, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// limit makes the context end before Lambda's deadline.
func (h *Handler) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	margin := min(h.opts.Margin, time.Until(deadline)/4)
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

func (h *Handler) log(ctx context.Context, n notification, outcomes []binder.Outcome) {
	for _, o := range outcomes {
		level, message := slog.LevelInfo, "reconciled"
		attrs := []slog.Attr{
			slog.String("event", n.eventID), slog.String("state", n.State),
			slog.String("instance", o.InstanceID), slog.String("status", string(o.Status)),
		}
		switch {
		case terminal(o):
			level, message = slog.LevelError, "failed for good"
		case o.Err != nil:
			level, message = slog.LevelWarn, "failed"
		}
		if o.Reason != "" {
			attrs = append(attrs, slog.String("reason", o.Reason))
		}
		if o.Err != nil {
			attrs = append(attrs, slog.Any("error", o.Err))
		}
		h.opts.Logger.LogAttrs(ctx, level, message, attrs...)
	}
}
