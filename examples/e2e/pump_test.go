package e2e_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"
)

// source is Lambda's event source mapping: it takes batches from the stack's
// queue, invokes the function with each, and deletes what the function does not
// list as failed ("Using Lambda with Amazon SQS" in the developer guide). Its calls
// are made with the function's role.
type source struct {
	client        *sqs.Client
	queueURL      string
	queueARN      string
	batch, atOnce int
	newFunction   func(testing.TB) *function
	wantAsFromAWS func(testing.TB, []byte)

	mu       sync.Mutex
	received map[string]int // how often, by message ID
}

// receive returns up to a batch of messages; none if there are none for a
// second.
func (s *source) receive(ctx context.Context) (received []types.Message, err error) {
	for wait := int32(1); len(received) < s.batch; wait = 0 {
		out, err := s.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &s.queueURL, MaxNumberOfMessages: int32(min(s.batch-len(received), 10)), WaitTimeSeconds: wait,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil {
			return received, err
		}
		if len(out.Messages) == 0 {
			break
		}
		received = append(received, out.Messages...)
	}
	s.note(received)
	return received, nil
}

func (s *source) note(messages []types.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		s.received[*m.MessageId]++
	}
}

// wantAgain checks that these messages have come back after they were first
// received.
func (s *source) wantAgain(t *testing.T, messages []types.Message) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		if n := s.received[*m.MessageId]; n < 2 {
			t.Errorf("a message of the killed batch was received %d times: %s", n, *m.Body)
		}
	}
}

// event is what Lambda makes of the messages.
func (s *source) event(tb testing.TB, messages []types.Message) json.RawMessage {
	tb.Helper()
	var batch events.SQSEvent
	for _, m := range messages {
		body := withAccount(tb, aws.ToString(m.Body))
		s.wantAsFromAWS(tb, body)
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: string(body),
			Md5OfBody: aws.ToString(m.MD5OfBody), Attributes: m.Attributes, MessageAttributes: map[string]events.SQSMessageAttribute{},
			EventSource: "aws:sqs", EventSourceARN: s.queueARN, AWSRegion: region,
		})
	}
	return json.RawMessage(asJSON(tb, batch))
}

// withAccount adds to an event what moto's EventBridge leaves out.
func withAccount(tb testing.TB, body string) []byte {
	tb.Helper()
	var event map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &event); err != nil || event["detail-type"] == nil {
		return []byte(body)
	}
	if event["account"] != nil {
		tb.Errorf("moto does say which account an event is from: take that as it is: %s", body)
	}
	event["account"] = json.RawMessage(`"` + account + `"`)
	return []byte(asJSON(tb, event))
}

// settle deletes the messages that the function is done with.
func (s *source) settle(ctx context.Context, tb testing.TB, messages []types.Message, a answer) error {
	tb.Helper()
	var response events.SQSEventResponse
	if err := json.Unmarshal([]byte(a.body), &response); err != nil || a.failed {
		tb.Errorf("the function says to a batch: %+v", a)
		return nil
	}
	failed := map[string]bool{}
	for _, f := range response.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	var done []types.DeleteMessageBatchRequestEntry
	known := 0
	for _, m := range messages {
		if failed[*m.MessageId] {
			known++
			continue
		}
		done = append(done, types.DeleteMessageBatchRequestEntry{Id: m.MessageId, ReceiptHandle: m.ReceiptHandle})
	}
	if known != len(failed) {
		tb.Errorf("the function lists messages that are not in its batch: %s", a.body)
	}
	for len(done) > 0 {
		n := min(len(done), 10)
		if _, err := s.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &s.queueURL, Entries: done[:n]}); err != nil {
			return err
		}
		done = done[n:]
	}
	return nil
}

// run works until the returned function is called, with as many processes as the
// mapping may have at once, each of which starts with its first batch.
func (s *source) run(tb testing.TB) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	var workers sync.WaitGroup
	for range s.atOnce {
		workers.Go(func() {
			var f *function
			for ctx.Err() == nil {
				messages, err := s.receive(ctx)
				if len(messages) > 0 {
					if f == nil {
						f = s.newFunction(tb)
					}
					err = s.settle(tb.Context(), tb, messages, f.invoke(tb, s.event(tb, messages)))
				}
				if err != nil && ctx.Err() == nil {
					tb.Errorf("the queue: %v", err)
					return
				}
			}
		})
	}
	stop = func() { cancel(); workers.Wait() }
	tb.Cleanup(stop)
	return stop
}

// count returns how many messages a queue has, visible or not.
func count(tb testing.TB, client *sqs.Client, queueURL string) (n int) {
	tb.Helper()
	out, err := client.GetQueueAttributes(tb.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		tb.Fatal(err)
	}
	for name, value := range out.Attributes {
		if strings.HasPrefix(name, "ApproximateNumberOfMessages") {
			part, _ := number(tb, value).(float64)
			n += int(part)
		}
	}
	return n
}

// awaitCount returns once queues have no more than these messages. They are in the
// order in which messages go through them, so that one on its way counts twice
// rather than not at all.
func awaitCount(tb testing.TB, client *sqs.Client, most int, queueURLs ...string) {
	tb.Helper()
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		n := 0
		for _, url := range queueURLs {
			n += count(tb, client, url)
		}
		if n <= most {
			return
		}
		if time.Since(began) > 5*timeout {
			tb.Fatalf("%s still have %d messages, want %d", queueURLs, n, most)
		}
	}
}

// entry is what EC2 gives to EventBridge for this event of AWS's.
func entry(tb testing.TB, event json.RawMessage) map[string]any {
	tb.Helper()
	var e events.EventBridgeEvent
	if err := json.Unmarshal(event, &e); err != nil {
		tb.Fatal(err)
	}
	return map[string]any{"Source": e.Source, "DetailType": e.DetailType, "Time": e.Time, "Resources": e.Resources, "Detail": string(e.Detail)}
}

// sameEvent compares two events but for their IDs.
func sameEvent(tb testing.TB, want, got []byte) string {
	tb.Helper()
	var events [2]map[string]any
	for i, text := range [][]byte{want, got} {
		if err := json.Unmarshal(text, &events[i]); err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		delete(events[i], "id")
	}
	return cmp.Diff(events[0], events[1])
}
