package lambdaevent_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// TestUnreadableBatch: messages of a queue that cannot be read as a batch are an
// error and no answer, which the queue would take for success.
func TestUnreadableBatch(t *testing.T) {
	whole := string(batchOf(t, sent{body: about(worker, "running")}, sent{}))
	for _, payload := range []string{
		`{"Records":[{"eventSource":"aws:sqs"}]}`, `{"Records":[7,{"eventSource":"aws:sqs"}]}`,
		`{"Records":[{"eventSource":"aws:sqs","messageId":"m0","attributes":7}]}`,
		`{"Records":[{"eventSource":"aws:kinesis","messageId":"m0"},{"eventSource":"aws:sqs","messageId":"m1"}]}`,
		strings.Replace(whole, `"m1"`, `""`, 1),
		strings.Replace(whole, `"m1"`, `7`, 1),
	} {
		b := &stub{outcome: binder.Outcome{Status: binder.Bound}}
		answer, err := lambdaevent.New(b).Invoke(t.Context(), []byte(payload))
		var invalid *lambdaevent.EventError
		if !errors.As(err, &invalid) || answer != nil || len(b.calls) > 0 {
			t.Errorf("%s: answer %s, %v, and the binder was asked for %q", payload, answer, err, b.calls)
		}
	}
	if back := failures(t, lambdaevent.New(&stub{}), t.Context(), []byte(`{"Records":[]}`)); len(back) > 0 {
		t.Errorf("of an empty batch %q come back", back)
	}
}

// TestOtherSources: what streams, topics, buckets and brokers send is refused by an
// answer, which ends it: an error would be repeated, of a stream for days.
func TestOtherSources(t *testing.T) {
	for name, payload := range map[string]string{
		"Kinesis":        `{"Records":[{"kinesis":{"sequenceNumber":"1","data":"e30="},"eventSource":"aws:kinesis","eventID":"s:1"}]}`,
		"with IDs":       `{"Records":[{"messageId":"m0","eventSource":"aws:kinesis"}]}`,
		"DynamoDB":       `{"Records":[{"eventID":"1","eventName":"INSERT","eventSource":"aws:dynamodb","dynamodb":{"Keys":{}}}]}`,
		"SNS":            `{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"{\"eventSource\":\"aws:sqs\"}"}}]}`,
		"S3":             `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"aws:sqs"}}}]}`,
		"CloudFront":     `{"Records":[{"cf":{"config":{"eventType":"viewer-request"}}}]}`,
		"no list":        `{"Records":7}`,
		"no records":     `{"Records":[7]}`,
		"empty ones":     `{"Records":[{},null]}`,
		"a source of 7":  `{"Records":[{"eventSource":7}]}`,
		"Kafka":          `{"eventSource":"aws:kafka","records":{"topic-0":[{"value":"e30="}]}}`,
		"MQ":             `{"eventSource":"aws:mq","messages":[{"data":"e30="}]}`,
		"DocumentDB":     `{"eventSource":"aws:docdb","events":[{}]}`,
		"CloudWatch log": `{"awslogs":{"data":"e30="}}`,
		"CodeCommit":     `{"Records":[{"eventSource":"aws:codecommit","codecommit":{"references":[]}}]}`,
	} {
		var told []binder.Event
		var queue visibility
		b := &stub{outcome: binder.Outcome{Status: binder.Bound}}
		answer, err := lambdaevent.New(b, func(o *lambdaevent.Options) {
			o.Visibility = &queue
			o.Observer = binder.ObserverFunc(func(_ context.Context, e binder.Event) { told = append(told, e) })
		}).Invoke(t.Context(), []byte(payload))
		var refusal lambdaevent.Refusal
		if err != nil || json.Unmarshal(answer, &refusal) != nil || !strings.HasPrefix(refusal.Error, "invalid event: ") {
			t.Errorf("%s: answer %s, %v", name, answer, err)
		}
		if len(b.calls) > 0 || len(queue.set) > 0 || len(told) != 1 || told[0].Kind != binder.EventFailed {
			t.Errorf("%s: the binder was asked for %q, the queue told of %v, the observer of %+v", name, b.calls, queue.set, told)
		}
	}
}
