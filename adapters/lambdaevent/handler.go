// Package lambdaevent lets a [binder.Binder], or a [binder.Mux], work as an AWS
// Lambda function. One [Handler] takes the payloads of every trigger:
//
//	payload                                     what is done
//	"EC2 Instance State-change Notification"    the instance is reconciled
//	"EC2 Spot Instance Interruption Warning"    the worker is drained
//	"EC2 Instance Rebalance Recommendation"     the worker is drained
//	"Scheduled Event"                           a sweep
//	a batch of an SQS queue with the first      one Reconcile for all of it; what is not
//	  three, or with {"bind": ["i-…"]}          done comes back as a batch item failure
//	an HTTP API's or Function URL's request     Options.HTTP serves it
//	{"sweep": {"dryRun": true}} and the like    an operator's command: see [Handler.Handle]
//
// It is made like this:
//
//	b, err := binder.New(backends, func(o *binder.Options) { o.Suffix = "media.example.com" })
//	if err != nil {
//		return err
//	}
//	lambda.Start(lambdaevent.New(b))
//
// An event is a hint and no more: events get lost, are repeated and overtake each
// other, so that what counts is what EC2 says when the handler asks. Whoever may
// write to the event bus or the queue can therefore do no harm with a made-up
// one, beyond hiding a worker. Whoever may invoke the function, however, may do all
// of the above, and is whoever it says in an HTTP request: grant
// lambda:InvokeFunction to the triggers and to operators only.
//
// EventBridge invokes a function asynchronously: if the answer is an error, Lambda
// invokes it again after one minute and after two more, and then gives the
// event up to the function's dead-letter queue or on-failure destination. So an
// error means "come back": see [Handler.Handle]. A queue between the two is better
// suited to many launches at once.
//
// A Handler is safe for concurrent use.
package lambdaevent

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// Binder is what a Handler calls; *binder.Binder has it, and *binder.Mux.
type Binder interface {
	Batches
	Singles
}

// Batches are a Binder's verbs for many instances.
type Batches interface {
	Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error)
	Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error)
}

// Singles are a Binder's verbs for one instance.
type Singles interface {
	Unbind(ctx context.Context, id string, optFns ...func(*binder.UnbindOptions)) (binder.Outcome, error)
	Drain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
	Undrain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
}

var (
	_ Binder = (*binder.Binder)(nil)
	_ Binder = (*binder.Mux)(nil)
)

// Visibility is a queue's, as far as a Handler needs it.
type Visibility interface {
	// ChangeVisibility makes the message of this receipt handle visible to
	// receivers again after that time, zero meaning at once. It is called from
	// several goroutines at once. A message that is not in flight any more is an
	// error. After an error, it is visible again after what was set before.
	ChangeVisibility(ctx context.Context, receiptHandle string, after time.Duration) error
}

// Lister lists records; every store.Store has it.
type Lister interface {
	List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error]
}

// Options configure a Handler.
type Options struct {
	// Region and AccountID, such as "eu-central-1" and "123456789012", are where
	// events must come from; others are an *EventError. Empty: those of the
	// function that was invoked, by its ARN; not compared if that is not known.
	Region, AccountID string
	// Margin is the time kept before the function's deadline for storing what was
	// done, for handing back what was not, and for the answer, since Lambda then
	// kills the process. At most a quarter of the time that is left is kept.
	// Default 6 s; zero means none.
	Margin time.Duration
	// HTTP serves the requests of an HTTP API or Function URL; CallerARN says who
	// makes them. Default none: they are answered with 501.
	HTTP http.Handler
	// Visibility says when messages come back that are not done. Default none:
	// after the queue's visibility timeout.
	Visibility Visibility
	// Store is what the command "list" lists. Default none: there is no such
	// command.
	Store Lister
	// Observer is told, as binder.EventFailed without an instance, of each payload
	// and message that is refused. Default none.
	Observer binder.Observer
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

// Handle handles one payload.
//
// # Events
//
// For a notification the answer is a [Response], and the error says whether
// Lambda should invoke the function again:
//
//	outcome of the instance                           error
//	bound, already bound, unbound, ineligible         nil
//	gone                                              nil, but for the state "running" a *RetryError:
//	                                                  EC2 may not show a new instance yet
//	not ready, and the state is none to stay in       nil: another event follows
//	not ready, and the state is "stopped"             nil: the sweep ends the grace
//	exhausted                                         nil: the sweep binds the instance once
//	                                                  there are addresses again
//	busy, not ready                                   *RetryError
//	failed, and trying again may help                 *RetryError
//	failed, and it cannot help (Terminal)             nil: logged, and counted in the answer
//
// The same holds for a warning that a Spot Instance will be, or may be,
// interrupted; a worker that is not bound is gone, which is fine.
//
// For a schedule the answer is a [SweepResponse]. The error is that of a sweep
// that was stopped before it did anything, but for a pause; instances that
// failed are logged and counted, since the next sweep tries them again.
//
// # Batches
//
// For the messages of a queue the answer is an events.SQSEventResponse with those
// that are to come back, so its event source mapping needs
// ReportBatchItemFailures. All instances that are to be reconciled are so in one
// call, each once, and all workers that are to be drained are so before. A message
// comes back, as the table above has it, with these differences:
//
//	outcome                                           message
//	busy, not ready                                   comes back after the outcome's RetryAfter
//	failed, and trying again may help                 comes back after 5 s, then 10, 20 and so on, by
//	                                                  its receive count, at most 5 min
//	gone, though it was said to run                   the same, three times; then it is acknowledged
//	not done in time                                  comes back at once
//	none, as the message is malformed, of an unknown  comes back after the queue's visibility timeout,
//	  kind, or from another account or Region         until the redrive policy takes it away
//
// # HTTP
//
// For an HTTP API's or Function URL's request (payload format 2.0) the answer is an
// events.APIGatewayV2HTTPResponse with what Options.HTTP says. The older
// format 1.0 is answered with 501.
//
// # Commands
//
// An operator invokes the function with one of
//
//	{"sweep": {"dryRun": true, "force": false}}    a [SweepReport]; both fields may be left out
//	{"list": {"phases": ["bound"]}}                a [Listing]; without phases, of all records
//	{"bind": ["i-0123456789abcdef0"]}              a [Response], after a Reconcile
//	{"unbind": […]}, {"drain": […]}, {"undrain": […]}
//
// and the answer has what failed or has to wait; there is no error.
//
// # What is refused
//
// Any other payload is an *EventError, and nothing is done; so are "Records" of
// anything but a queue: a stream, a topic or a bucket has nothing for this function.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (any, error) {
	work, cancel := h.limit(ctx)
	defer cancel()
	answer, err := h.dispatch(ctx, work, payload)
	var invalid *EventError
	if errors.As(err, &invalid) {
		h.refused(ctx, "payload refused", err)
	}
	return answer, err
}

// dispatch tells the payloads apart by the keys that only they have. Work ends
// before ctx does.
func (h *Handler) dispatch(ctx, work context.Context, payload json.RawMessage) (any, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(payload, &keys); err != nil {
		return nil, refuse("it is not a JSON object: %w", err)
	}
	has := func(key string) bool { return keys[key] != nil }
	switch {
	case has("detail-type"):
		return h.event(work, payload)
	case has("Records"):
		return h.batch(ctx, work, payload)
	case has("requestContext"):
		return h.serve(work, payload), nil
	}
	return h.command(work, keys)
}

// refused logs and counts what was refused.
func (h *Handler) refused(ctx context.Context, message string, err error, attrs ...any) {
	h.opts.Logger.ErrorContext(ctx, message, append(attrs, "error", err)...)
	if h.opts.Observer != nil {
		h.opts.Observer.Observe(ctx, binder.Event{Kind: binder.EventFailed, Reason: message, Err: err})
	}
}

// Refusal is what Invoke answers to a payload that is refused.
type Refusal struct {
	Error string `json:"error"`
}

// Invoke is Handle for lambda.Start: it makes the Handler a lambda.Handler.
//
// A payload that is refused is answered with a [Refusal] in place of an error: of
// an asynchronous invocation Lambda would repeat an error twice, of a stream's
// records until they expire, and nothing but the error would come of it. There is
// one exception: the messages of a queue that cannot be read as a batch are an error,
// since any answer acknowledges them, and only the redrive policy may take them away.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := h.Handle(ctx, payload)
	var invalid *EventError
	if errors.As(err, &invalid) && !invalid.queued {
		answer, err = Refusal{err.Error()}, nil
	}
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
