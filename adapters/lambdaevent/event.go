package lambdaevent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/eipbinder/eipbinder/binder"
)

// The detail-types that a Handler takes: of the events that EC2 sends, and of
// those of a rule with a schedule.
const (
	stateChange = "EC2 Instance State-change Notification"
	spotWarning = "EC2 Spot Instance Interruption Warning"
	rebalance   = "EC2 Instance Rebalance Recommendation"
	schedule    = "Scheduled Event"
)

// notification is the detail of an event that EC2 sends.
type notification struct {
	InstanceID string `json:"instance-id"`
	State      string `json:"state"` // empty unless the event is a stateChange
	eventID    string
	drains     bool // it announces the worker's end
}

// EventError says why a payload is none that a Handler takes. Trying again does
// not help.
type EventError struct {
	Err error

	queued bool // it is from a queue, which takes any answer for an acknowledgement
}

// Error says what is wrong with the event.
func (e *EventError) Error() string { return "invalid event: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *EventError) Unwrap() error { return e.Err }

func refuse(format string, args ...any) *EventError {
	return &EventError{Err: fmt.Errorf(format, args...)}
}

// event handles one event of EventBridge's.
func (h *Handler) event(ctx context.Context, payload json.RawMessage) (any, error) {
	event, err := h.decode(ctx, payload)
	if err != nil {
		return nil, &EventError{Err: err}
	}
	if event.DetailType == schedule {
		return h.sweep(ctx)
	}
	n, err := decodeNotification(event)
	if err != nil {
		return nil, &EventError{Err: err}
	}
	var outcomes []binder.Outcome
	if n.drains {
		outcomes = []binder.Outcome{outcome(h.binder.Drain(ctx, n.InstanceID))}
	} else {
		outcomes, _ = h.binder.Reconcile(ctx, n.InstanceID) // each failed outcome has its error
	}
	h.log(ctx, outcomes, "event", n.eventID, "state", n.State)
	if err := retry(n, outcomes); err != nil {
		return nil, err
	}
	return respond(outcomes), nil
}

// decode returns the event that the payload is.
func (h *Handler) decode(ctx context.Context, payload []byte) (event events.EventBridgeEvent, err error) {
	if err := json.Unmarshal(payload, &event); err != nil {
		return event, fmt.Errorf("not an EventBridge event: %w", err)
	}
	return event, h.check(ctx, event)
}

// check looks at what surrounds the detail. The source does not matter: only
// AWS may name itself "aws.ec2", and a rule for tests needs another one.
func (h *Handler) check(ctx context.Context, event events.EventBridgeEvent) error {
	switch event.DetailType {
	case "":
		return errors.New("it has no detail-type, so it is not from EventBridge")
	case stateChange, spotWarning, rebalance, schedule:
		return h.checkOrigin(ctx, event.Region, event.AccountID)
	}
	return fmt.Errorf("its detail-type is %.80q, none of %q", event.DetailType, []string{stateChange, spotWarning, rebalance, schedule})
}

// checkOrigin compares Region and account with where events must come from.
func (h *Handler) checkOrigin(ctx context.Context, region, account string) error {
	wantRegion, wantAccount := h.origin(ctx)
	switch {
	case wantRegion != "" && region != wantRegion:
		return fmt.Errorf("it is from the Region %.80q, not %q", region, wantRegion)
	case wantAccount != "" && account != wantAccount:
		return fmt.Errorf("it is from the account %.80q, not %q", account, wantAccount)
	}
	return nil
}

// origin is where events must come from; empty what is not compared.
func (h *Handler) origin(ctx context.Context) (region, account string) {
	region, account = h.opts.Region, h.opts.AccountID
	invocation, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return region, account
	}
	ownRegion, ownAccount := home(invocation.InvokedFunctionArn)
	return cmp.Or(region, ownRegion), cmp.Or(account, ownAccount)
}

// home returns an ARN's Region and account: arn:aws:SERVICE:REGION:ACCOUNT:NAME.
func home(arn string) (region, account string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", ""
	}
	return parts[3], parts[4]
}

// decodeNotification returns the notification that the event carries.
func decodeNotification(event events.EventBridgeEvent) (n notification, err error) {
	if len(event.Detail) == 0 {
		return n, errors.New("it has no detail")
	}
	if err := json.Unmarshal(event.Detail, &n); err != nil {
		return n, fmt.Errorf("its detail: %w", err)
	}
	n.eventID, n.drains = event.ID, event.DetailType != stateChange
	switch {
	case n.InstanceID == "":
		return n, errors.New("its detail has no instance-id")
	case !isInstanceID(n.InstanceID):
		return n, fmt.Errorf("%.80q is not the ID of an instance", n.InstanceID)
	case n.drains:
		n.State = ""
	}
	return n, nil
}

// isInstanceID reports whether the text is "i-" with 8 (before 2016) or 17
// hexadecimal digits.
func isInstanceID(text string) bool {
	digits, found := strings.CutPrefix(text, "i-")
	return found && (len(digits) == 8 || len(digits) == 17) && strings.Trim(digits, "0123456789abcdef") == ""
}
