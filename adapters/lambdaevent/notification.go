package lambdaevent

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// The detail-types that a Handler takes: of the events that EC2 sends, and of
// those of a rule with a schedule.
const (
	stateChange = "EC2 Instance State-change Notification"
	schedule    = "Scheduled Event"
)

// notification is the detail of an event that EC2 sends.
type notification struct {
	InstanceID string `json:"instance-id"`
	State      string `json:"state"`
	eventID    string
}

// EventError says why a payload is none that a Handler takes. Trying again does
// not help.
type EventError struct{ Err error }

// Error says what is wrong with the event.
func (e *EventError) Error() string { return "invalid event: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *EventError) Unwrap() error { return e.Err }

// decode returns the event that the payload is.
func (h *Handler) decode(payload json.RawMessage) (event events.EventBridgeEvent, err error) {
	if err := json.Unmarshal(payload, &event); err != nil {
		return event, fmt.Errorf("not an EventBridge event: %w", err)
	}
	return event, h.check(event)
}

// decodeNotification returns the notification that the event carries.
func decodeNotification(event events.EventBridgeEvent) (n notification, err error) {
	if len(event.Detail) == 0 {
		return n, errors.New("it has no detail")
	}
	if err := json.Unmarshal(event.Detail, &n); err != nil {
		return n, fmt.Errorf("its detail: %w", err)
	}
	n.eventID = event.ID
	switch {
	case n.InstanceID == "":
		return n, errors.New("its detail has no instance-id")
	case !isInstanceID(n.InstanceID):
		return n, fmt.Errorf("%q is not the ID of an instance", n.InstanceID)
	}
	return n, nil
}

// check looks at what surrounds the detail. The source does not matter: only
// AWS may name itself "aws.ec2", and a rule for tests needs another one.
func (h *Handler) check(event events.EventBridgeEvent) error {
	switch {
	case event.DetailType == "":
		return errors.New("it has no detail-type, so it is not from EventBridge")
	case event.DetailType != stateChange && event.DetailType != schedule:
		return fmt.Errorf("its detail-type is %q, neither %q nor %q", event.DetailType, stateChange, schedule)
	case h.opts.Region != "" && event.Region != h.opts.Region:
		return fmt.Errorf("it is from the Region %q, not %q", event.Region, h.opts.Region)
	case h.opts.AccountID != "" && event.AccountID != h.opts.AccountID:
		return fmt.Errorf("it is from the account %q, not %q", event.AccountID, h.opts.AccountID)
	}
	return nil
}

// isInstanceID reports whether the text is "i-" with 8 (before 2016) or 17
// hexadecimal digits.
func isInstanceID(text string) bool {
	digits, found := strings.CutPrefix(text, "i-")
	return found && (len(digits) == 8 || len(digits) == 17) && strings.Trim(digits, "0123456789abcdef") == ""
}
