package lambdaevent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"github.com/eipbinder/eipbinder/binder"
)

// queueSource is what each message of a queue names as its event source.
const queueSource = "aws:sqs"

// message is one of a queue's, and what it asks for.
type message struct {
	events.SQSMessage
	note   notification // what it says, of an event
	ids    []string     // the instances that it is about
	poison error        // why it asks for nothing that is known
}

// batch handles the messages of a queue. Work ends before ctx does: the time
// between is for handing back what is not done.
func (h *Handler) batch(ctx, work context.Context, payload json.RawMessage) (any, error) {
	messages, err := h.open(ctx, payload)
	if err != nil {
		return nil, &EventError{Err: err, queued: fromQueue(payload)}
	}
	result := h.workOff(work, messages)
	var back []comeback
	for _, m := range messages {
		if c, open := result.judge(m); open {
			back = append(back, c)
		}
	}
	return h.handBack(ctx, back), nil
}

// fromQueue reports whether any of the records says that it is a queue's message,
// in whatever form the rest of them is.
func fromQueue(payload json.RawMessage) bool {
	var batch struct{ Records []json.RawMessage }
	if json.Unmarshal(payload, &batch) != nil {
		return false
	}
	return slices.ContainsFunc(batch.Records, func(record json.RawMessage) bool {
		var r struct{ EventSource string }
		return json.Unmarshal(record, &r) == nil && r.EventSource == queueSource
	})
}

// open reads the messages. One that is malformed does not touch the others.
func (h *Handler) open(ctx context.Context, payload json.RawMessage) ([]message, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, fmt.Errorf("not a batch of messages: %w", err)
	}
	messages := make([]message, len(batch.Records))
	for i, record := range batch.Records {
		if record.EventSource != queueSource || record.MessageId == "" {
			return nil, fmt.Errorf("its record %d is no message of a queue: its event source is %.80q", i, record.EventSource)
		}
		m := message{SQSMessage: record}
		if m.poison = h.read(ctx, &m); m.poison != nil {
			h.refused(ctx, "message refused", m.poison, "message", m.MessageId, "received", m.received())
		}
		messages[i] = m
	}
	return messages, nil
}

// read finds out what the message asks for: by an event, or by a command to bind,
// the only one that a queue may give, since what may write to it differs from
// what may invoke the function.
func (h *Handler) read(ctx context.Context, m *message) error {
	region, account := home(m.EventSourceARN)
	if err := h.checkOrigin(ctx, region, account); err != nil {
		return fmt.Errorf("its queue: %w", err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(m.Body), &keys); err != nil {
		return fmt.Errorf("its body is not a JSON object: %w", err)
	}
	if keys["bind"] != nil && len(keys) == 1 {
		var err error
		m.note.State = string(binder.Running) // it asks for itself
		m.ids, err = instanceIDs(keys["bind"])
		return err
	}
	event, err := h.decode(ctx, []byte(m.Body))
	switch {
	case err != nil:
		return err
	case event.DetailType == schedule:
		return fmt.Errorf("a %q belongs to the function itself, not in a queue", schedule)
	}
	m.note, err = decodeNotification(event)
	m.ids = []string{m.note.InstanceID}
	return err
}

// received is how often the message has been received.
func (m message) received() int {
	n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// result is what became of a batch.
type result struct {
	reconciled, drained map[string]binder.Outcome // by instance
	late                bool                      // there was no more time
}

// workOff does what the messages ask for, for each instance once. Workers that
// are to be drained come first, since they end within two minutes. One that was
// not bound then, and is by another message, is drained after that.
func (h *Handler) workOff(ctx context.Context, messages []message) result {
	reconcile, drain := instances(messages, false), instances(messages, true)
	r := result{drained: h.each(ctx, drain, h.binder.Drain)}
	var outcomes []binder.Outcome
	if len(reconcile) > 0 {
		outcomes, _ = h.binder.Reconcile(ctx, reconcile...) // each failed outcome has its error
		h.log(ctx, outcomes, "messages", len(messages))
	}
	r.reconciled = byInstance(outcomes)
	var again []string
	for _, id := range drain {
		if _, both := r.reconciled[id]; both && r.drained[id].Status == binder.Gone {
			again = append(again, id)
		}
	}
	maps.Copy(r.drained, h.each(ctx, again, h.binder.Drain))
	r.late = ctx.Err() != nil
	return r
}

// instances returns those that the messages want drained, or reconciled, each
// once.
func instances(messages []message, drains bool) (ids []string) {
	seen := map[string]bool{}
	for _, m := range messages {
		if m.poison != nil || m.note.drains != drains {
			continue
		}
		for _, id := range m.ids {
			if !seen[id] {
				ids = append(ids, id)
			}
			seen[id] = true
		}
	}
	return ids
}

func byInstance(outcomes []binder.Outcome) map[string]binder.Outcome {
	m := make(map[string]binder.Outcome, len(outcomes))
	for _, o := range outcomes {
		m[o.InstanceID] = o
	}
	return m
}

// errNoOutcome: a Binder left an instance out, which none of ours does.
var errNoOutcome = errors.New("the binder says nothing of it")

// of returns what became of the message's instance.
func (r result) of(m message, id string) binder.Outcome {
	outcomes := r.reconciled
	if m.note.drains {
		outcomes = r.drained
	}
	if o, ok := outcomes[id]; ok {
		return o
	}
	return binder.Outcome{InstanceID: id, Status: binder.Failed, Err: errNoOutcome}
}
