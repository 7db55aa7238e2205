package lambdaevent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// sent is a message: its body, and how often it has been received.
type sent struct {
	body     string
	received int
}

// batchOf makes a batch of which message N has the ID "mN" and the receipt handle
// "rN".
func batchOf(t *testing.T, messages ...sent) json.RawMessage {
	t.Helper()
	var batch events.SQSEvent
	for i, m := range messages {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("m%d", i), ReceiptHandle: fmt.Sprintf("r%d", i), Body: m.body,
			Attributes:  map[string]string{"ApproximateReceiveCount": fmt.Sprint(max(m.received, 1))},
			EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:eu-central-1:123456789012:eipbinder", AWSRegion: "eu-central-1",
		})
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// about is the body of a notification.
func about(id, state string) string {
	return fmt.Sprintf(`{"detail-type":%q,"region":"eu-central-1","account":"123456789012","detail":{"instance-id":%q,"state":%q}}`, stateChange, id, state)
}

// warning is the body of a Spot Instance's.
func warning(id string) string {
	return strings.Replace(about(id, ""), stateChange, "EC2 Spot Instance Interruption Warning", 1)
}

func number(n int) string { return fmt.Sprintf("i-%017x", n) }

// failures returns the IDs of the messages that come back.
func failures(t *testing.T, handler *lambdaevent.Handler, ctx context.Context, payload json.RawMessage) []string {
	t.Helper()
	answer, err := handler.Invoke(ctx, payload)
	if err != nil {
		t.Fatal(err)
	}
	var response struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(&response); err != nil || !bytes.Contains(answer, []byte(`"batchItemFailures":[`)) {
		t.Fatalf("answer %s: %v", answer, err)
	}
	var ids []string
	for _, f := range response.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

func TestBatchOutcomes(t *testing.T) {
	const s = time.Second
	const done, byQueue time.Duration = -1, -2
	running, stopped := about(worker, "running"), about(worker, "stopped")
	bind := `{"bind":["` + worker + `"]}`
	for _, test := range []struct {
		body     string
		received int
		outcome  binder.Outcome
		after    time.Duration
	}{
		{running, 1, binder.Outcome{Status: binder.Bound}, done},
		{running, 1, binder.Outcome{Status: binder.AlreadyBound}, done},
		{about(worker, "terminated"), 1, binder.Outcome{Status: binder.Unbound}, done},
		{running, 1, binder.Outcome{Status: binder.Ineligible}, done},
		{about(worker, "terminated"), 1, binder.Outcome{Status: binder.Gone}, done},
		// EC2 may not show it yet
		{running, 1, binder.Outcome{Status: binder.Gone}, 5 * s},
		{running, 3, binder.Outcome{Status: binder.Gone}, 20 * s},
		{running, 4, binder.Outcome{Status: binder.Gone}, done},
		{bind, 1, binder.Outcome{Status: binder.Gone}, 5 * s},
		// waiting
		{running, 1, binder.Outcome{Status: binder.Busy, RetryAfter: 7 * s}, 7 * s},
		{running, 9, binder.Outcome{Status: binder.NotReady, RetryAfter: 190 * s}, 190 * s},
		{running, 1, binder.Outcome{Status: binder.NotReady}, s},
		{bind, 1, binder.Outcome{Status: binder.NotReady, RetryAfter: 3 * s}, 3 * s},
		{stopped, 1, binder.Outcome{Status: binder.NotReady, RetryAfter: 9 * s}, done},
		{about(worker, "pending"), 1, binder.Outcome{Status: binder.NotReady, RetryAfter: 9 * s}, done},
		{about(worker, "terminated"), 1, binder.Outcome{Status: binder.NotReady, RetryAfter: 9 * s}, 9 * s},
		// the sweep's
		{running, 1, binder.Outcome{Status: binder.Exhausted, RetryAfter: 9 * s}, done},
		{bind, 1, binder.Outcome{Status: binder.Exhausted, RetryAfter: 9 * s}, done},
		// failed
		{running, 1, binder.Outcome{Status: binder.Failed, Err: failure(true)}, done},
		{running, 1, binder.Outcome{Status: binder.Failed, Err: failure(false)}, 5 * s},
		{running, 2, binder.Outcome{Status: binder.Failed, Err: failure(false)}, 10 * s},
		{running, 4, binder.Outcome{Status: binder.Failed, Err: failure(false)}, 40 * s},
		{running, 1000, binder.Outcome{Status: binder.Failed, Err: failure(false)}, 5 * time.Minute},
		{running, 1, binder.Outcome{Status: binder.Failed, Err: context.DeadlineExceeded}, 5 * s}, // not ours: there is time left
		// draining
		{warning(worker), 1, binder.Outcome{Status: binder.AlreadyBound}, done},
		{warning(worker), 1, binder.Outcome{Status: binder.Gone}, done},
		{warning(worker), 1, binder.Outcome{Status: binder.Busy, RetryAfter: 2 * s}, 2 * s},
		{warning(worker), 1, binder.Outcome{Status: binder.Failed, Err: failure(false)}, 5 * s},
		{warning(worker), 1, binder.Outcome{Status: binder.Failed, Err: failure(true)}, done},
		// poison, in company
		{`{"detail-type`, 1, binder.Outcome{Status: binder.Bound}, byQueue},
	} {
		var queue visibility
		handler := lambdaevent.New(&stub{outcome: test.outcome}, func(o *lambdaevent.Options) { o.Visibility = &queue })
		back := failures(t, handler, t.Context(), batchOf(t, sent{test.body, test.received}))
		after, told := queue.set["r0"]
		switch {
		case len(back) == 0:
			after = done
		case !told:
			after = byQueue
		}
		if after != test.after || told && len(back) == 0 {
			t.Errorf("%s, received %d times, %s: comes back %q after %v, want %v", test.body, test.received, test.outcome.Status, back, after, test.after)
		}
		back = failures(t, lambdaevent.New(&stub{outcome: test.outcome}), t.Context(), batchOf(t, sent{test.body, test.received}))
		if open := len(back) == 1; open != (test.after != done) {
			t.Errorf("%s, %s, without a Visibility: comes back: %t", test.body, test.outcome.Status, open)
		}
	}
}

// TestBatchIsOneReconcile: however many messages there are about an instance, it
// is worked on once, and with all others.
func TestBatchIsOneReconcile(t *testing.T) {
	b := &stub{outcome: binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}}
	var queue visibility
	back := failures(t, lambdaevent.New(b, func(o *lambdaevent.Options) { o.Visibility = &queue }), t.Context(), batchOf(t,
		sent{body: about(number(1), "pending")}, sent{body: about(number(2), "running")}, sent{body: about(number(1), "running")},
		sent{body: about(number(2), "running")}, sent{body: `{"bind":["` + number(3) + `","` + number(1) + `","` + number(3) + `"]}`},
	))
	if diff := cmp.Diff([]string{"reconcile " + number(1) + " " + number(2) + " " + number(3)}, b.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"m0", "m1", "m2", "m3", "m4"}, back); diff != "" {
		t.Errorf("messages that come back (-want +got):\n%s", diff)
	}
	if len(queue.set) != 5 {
		t.Errorf("the queue was told of %v", queue.set)
	}
}

// TestMessageTwice: a message that a batch has twice is listed once, and both of
// its receipts are told when it comes back.
func TestMessageTwice(t *testing.T) {
	payload := batchOf(t, sent{body: about(worker, "running")}, sent{body: about(worker, "running")})
	payload = bytes.Replace(payload, []byte(`"m1"`), []byte(`"m0"`), 1)
	var queue visibility
	handler := lambdaevent.New(&stub{outcome: binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}}, func(o *lambdaevent.Options) { o.Visibility = &queue })
	if diff := cmp.Diff([]string{"m0"}, failures(t, handler, t.Context(), payload)); diff != "" {
		t.Errorf("messages that come back (-want +got):\n%s", diff)
	}
	if len(queue.set) != 2 {
		t.Errorf("the queue was told of %v", queue.set)
	}
}

// TestMessageOfSeveral comes back as long as one of its instances is open, when
// the last one is worth another look.
func TestMessageOfSeveral(t *testing.T) {
	b := &stub{by: map[string]binder.Outcome{
		number(1): {Status: binder.Bound}, number(2): {Status: binder.Busy, RetryAfter: 2 * time.Second},
		number(3): {Status: binder.NotReady, RetryAfter: 8 * time.Second}, number(4): {Status: binder.Exhausted, RetryAfter: time.Minute},
	}}
	var queue visibility
	payload := batchOf(t, sent{body: fmt.Sprintf(`{"bind":[%q,%q,%q,%q]}`, number(1), number(2), number(3), number(4))}, sent{body: fmt.Sprintf(`{"bind":[%q,%q]}`, number(1), number(4))})
	back := failures(t, lambdaevent.New(b, func(o *lambdaevent.Options) { o.Visibility = &queue }), t.Context(), payload)
	if diff := cmp.Diff([]string{"m0"}, back); diff != "" {
		t.Errorf("messages that come back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]time.Duration{"r0": 8 * time.Second}, queue.set); diff != "" {
		t.Errorf("when (-want +got):\n%s", diff)
	}
}

// TestPoison comes back by itself, for the redrive policy to take; the rest of
// the batch goes on.
func TestPoison(t *testing.T) {
	right := about(worker, "running")
	poison := map[string]string{
		"empty":                  "",
		"no JSON":                `{"detail-type`,
		"null":                   "null",
		"other detail-type":      strings.Replace(right, stateChange, "EC2 Instance Launch Successful", 1),
		"no detail":              `{"detail-type":"` + stateChange + `","region":"eu-central-1","account":"123456789012"}`,
		"no instance":            strings.Replace(right, worker, "", 1),
		"other account":          strings.Replace(right, "123456789012", "210987654321", 1),
		"other Region":           strings.Replace(right, "eu-central-1", "us-east-1", 1),
		"a schedule":             strings.Replace(right, stateChange, "Scheduled Event", 1),
		"bind no list":           `{"bind":"` + worker + `"}`,
		"bind nothing":           `{"bind":[]}`,
		"bind nonsense":          `{"bind":["i-1"]}`,
		"bind and more":          `{"bind":["` + worker + `"],"drain":["` + worker + `"]}`,
		"another command":        `{"drain":["` + worker + `"]}`,
		"a sweep":                `{"sweep":{"force":true}}`,
		"a batch":                string(fixture(t, "sqs-batch")),
		"a request":              string(fixture(t, "http-api-iam")),
		"deep":                   strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		"a line that forges one": `{"detail-type":"x\n{\"level\":\"INFO\",\"msg\":\"all is well\"}"}`,
	}
	here := func(o *lambdaevent.Options) { o.Region, o.AccountID = "eu-central-1", "123456789012" }
	for name, body := range poison {
		var log bytes.Buffer
		var queue visibility
		var told []binder.Event
		b := &stub{outcome: binder.Outcome{Status: binder.Bound}}
		handler := lambdaevent.New(b, here, func(o *lambdaevent.Options) {
			o.Visibility, o.Logger = &queue, slog.New(slog.NewJSONHandler(&log, nil))
			o.Observer = binder.ObserverFunc(func(_ context.Context, e binder.Event) { told = append(told, e) })
		})
		back := failures(t, handler, t.Context(), batchOf(t, sent{body: right}, sent{body: body}, sent{body: about(number(1), "running")}))
		if diff := cmp.Diff([]string{"m1"}, back); diff != "" {
			t.Errorf("%s: messages that come back (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{"reconcile " + worker + " " + number(1)}, b.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
		if len(queue.set) > 0 {
			t.Errorf("%s: the queue was told of %v", name, queue.set)
		}
		if len(told) != 1 || told[0].Kind != binder.EventFailed || told[0].Err == nil || told[0].InstanceID != "" {
			t.Errorf("%s: the observer was told %+v", name, told)
		}
		first, _, _ := strings.Cut(log.String(), "\n")
		if !strings.Contains(first, `"level":"ERROR"`) || !strings.Contains(first, `"message":"m1"`) || len(first) > 1500 || strings.Count(log.String(), "\n") != 3 {
			t.Errorf("%s: log\n%.3000s", name, log.String())
		}
	}
}

// TestQueueElsewhere: messages of a queue in another account or Region are
// poison, whatever they say.
func TestQueueElsewhere(t *testing.T) {
	for _, arn := range []string{"arn:aws:sqs:us-east-1:123456789012:eipbinder", "arn:aws:sqs:eu-central-1:210987654321:eipbinder", "eipbinder", ""} {
		payload := bytes.ReplaceAll(batchOf(t, sent{body: `{"bind":["` + worker + `"]}`}), []byte("arn:aws:sqs:eu-central-1:123456789012:eipbinder"), []byte(arn))
		b := &stub{}
		handler := lambdaevent.New(b, func(o *lambdaevent.Options) { o.Region, o.AccountID = "eu-central-1", "123456789012" })
		if back := failures(t, handler, t.Context(), payload); len(back) != 1 || len(b.calls) > 0 {
			t.Errorf("%q: %q come back, the binder was asked for %q", arn, back, b.calls)
		}
	}
}

// TestDrainComesFirst, and again after the binding if there was none before.
func TestDrainComesFirst(t *testing.T) {
	for _, test := range []struct {
		drain []binder.Outcome
		want  []string
		back  int
	}{
		{[]binder.Outcome{{Status: binder.AlreadyBound}}, []string{"drain " + worker, "reconcile " + worker}, 0},
		{[]binder.Outcome{{Status: binder.Gone}, {Status: binder.AlreadyBound}}, []string{"drain " + worker, "reconcile " + worker, "drain " + worker}, 0},
		{[]binder.Outcome{{Status: binder.Gone}, {Status: binder.Busy}}, []string{"drain " + worker, "reconcile " + worker, "drain " + worker}, 1},
		{[]binder.Outcome{{Status: binder.Busy}}, []string{"drain " + worker, "reconcile " + worker}, 1},
	} {
		b := &stub{outcome: binder.Outcome{Status: binder.Bound}, drain: test.drain}
		back := failures(t, lambdaevent.New(b), t.Context(), batchOf(t, sent{body: about(worker, "running")}, sent{body: warning(worker)}))
		if diff := cmp.Diff(test.want, b.calls); diff != "" {
			t.Errorf("%v: calls (-want +got):\n%s", test.drain, diff)
		}
		if len(back) != test.back || test.back == 1 && back[0] != "m1" {
			t.Errorf("%v: %q come back", test.drain, back)
		}
	}
}

// TestHandedBackBeforeTheKill: what does not fit in the function's time comes
// back at once, and the answer is there before the deadline.
func TestHandedBackBeforeTheKill(t *testing.T) {
	for _, test := range []struct{ timeout, margin, answered time.Duration }{
		{time.Minute, 6 * time.Second, 54 * time.Second},
		{4 * time.Second, 6 * time.Second, 3 * time.Second},
		{time.Minute, 10 * time.Second, 50 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			began := time.Now()
			var queue visibility
			b := &stub{outcome: binder.Outcome{Status: binder.Bound}, takes: time.Hour}
			handler := lambdaevent.New(b, func(o *lambdaevent.Options) { o.Margin, o.Visibility = test.margin, &queue })
			var messages []sent
			for n := range 10 {
				messages = append(messages, sent{about(number(n), "running"), 3})
			}
			back := failures(t, handler, ctx, batchOf(t, messages...))
			if diff := cmp.Diff([]string{"m5", "m6", "m7", "m8", "m9"}, back); diff != "" {
				t.Errorf("messages that come back (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]time.Duration{"r5": 0, "r6": 0, "r7": 0, "r8": 0, "r9": 0}, queue.set); diff != "" {
				t.Errorf("when (-want +got):\n%s", diff)
			}
			if took := time.Since(began); took != test.answered {
				t.Errorf("answered after %s, want %s of %s", took, test.answered, test.timeout)
			}
		})
	}
}
