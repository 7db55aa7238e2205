package lambdaevent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

const worker = "i-0123456789abcdef0"

func fixture(t *testing.T, name string) json.RawMessage {
	t.Helper()
	payload, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func failure(terminal bool) error {
	return &binder.Error{Step: "associate", InstanceID: worker, Terminal: terminal, Err: errors.New("cause")}
}

func TestEveryStateAsksForTheInstance(t *testing.T) {
	for _, state := range []string{"pending", "running", "stopping", "stopped", "shutting-down", "terminated"} {
		b := &stub{outcome: binder.Outcome{Status: binder.AlreadyBound}}
		if _, err := lambdaevent.New(b).Handle(t.Context(), fixture(t, state)); err != nil {
			t.Errorf("%s: %v", state, err)
		}
		if diff := cmp.Diff([]string{"reconcile " + worker}, b.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", state, diff)
		}
	}
}

func TestOutcomes(t *testing.T) {
	const done, again = false, true
	for _, test := range []struct {
		event   string
		outcome binder.Outcome
		again   bool
	}{
		{"running", binder.Outcome{Status: binder.Bound}, done},
		{"running", binder.Outcome{Status: binder.AlreadyBound}, done},
		{"terminated", binder.Outcome{Status: binder.Unbound}, done},
		{"running", binder.Outcome{Status: binder.Ineligible}, done},
		{"terminated", binder.Outcome{Status: binder.Gone}, done},
		{"running", binder.Outcome{Status: binder.Busy, RetryAfter: time.Second, Reason: "leased"}, again},
		{"running", binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second, Reason: "no interface"}, again},
		{"shutting-down", binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second}, done},
		{"stopping", binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second}, done},
		{"stopped", binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second}, done},
		{"terminated", binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second}, again},
		{"running", binder.Outcome{Status: binder.Gone}, again},
		{"running", binder.Outcome{Status: binder.Exhausted, RetryAfter: time.Second}, done}, // the sweep's
		{"pending", binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second}, done},
		{"pending", binder.Outcome{Status: binder.Exhausted, RetryAfter: time.Second}, done},
		{"pending", binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}, again},
		{"running", binder.Outcome{Status: binder.Failed, Err: failure(false)}, again},
		{"running", binder.Outcome{Status: binder.Failed, Err: failure(true)}, done},
	} {
		_, err := lambdaevent.New(&stub{outcome: test.outcome}).Handle(t.Context(), fixture(t, test.event))
		var retry *lambdaevent.RetryError
		if asked := errors.As(err, &retry); asked != test.again || (err != nil) != test.again {
			t.Errorf("%s and %s (%v): error %v, want another invocation: %t", test.event, test.outcome.Status, test.outcome.Err, err, test.again)
		}
		if err != nil && !strings.Contains(err.Error(), worker+" is "+string(test.outcome.Status)) {
			t.Errorf("%s: error %q does not name instance and status", test.outcome.Status, err)
		}
		if test.outcome.Err != nil && test.again && !errors.Is(err, test.outcome.Err) {
			t.Errorf("%s: error %v does not wrap %v", test.outcome.Status, err, test.outcome.Err)
		}
	}
}

func TestScheduleSweeps(t *testing.T) {
	stopped := errors.New("list the pool: throttled")
	failed := []binder.Outcome{{InstanceID: worker, Status: binder.Failed, Err: failure(true)}}
	for name, test := range map[string]struct {
		report binder.Report
		err    error
		want   string // the answer; empty: the error
	}{
		"nothing to do": {binder.Report{}, nil, `{"actions":0,"findings":0,"failed":0}`},
		"found and done": {
			binder.Report{Findings: make([]binder.Finding, 2), Actions: make([]binder.Action, 3), Outcomes: []binder.Outcome{{Status: binder.Bound}}},
			nil, `{"actions":3,"findings":2,"failed":0}`,
		},
		"an instance failed": {binder.Report{Outcomes: failed}, failure(true), `{"actions":0,"findings":0,"failed":1}`},
		"paused":             {binder.Report{}, binder.ErrPaused, `{"actions":0,"findings":0,"failed":0,"paused":true}`},
		"stopped":            {binder.Report{}, stopped, ""},
		"too much at once":   {binder.Report{Actions: make([]binder.Action, 99)}, binder.ErrBlastRadius, ""},
	} {
		b := &stub{report: test.report, err: test.err}
		answer, err := lambdaevent.New(b).Invoke(t.Context(), fixture(t, "schedule"))
		if diff := cmp.Diff([]string{"sweep"}, b.calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
		if string(answer) != test.want || test.want != "" && err != nil {
			t.Errorf("%s: answer %s, %v, want %s", name, answer, err, test.want)
		}
		if test.want == "" && !errors.Is(err, test.err) {
			t.Errorf("%s: error %v, want %v", name, err, test.err)
		}
	}
}

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		outcome binder.Outcome
		want    string
	}{
		{
			binder.Outcome{Status: binder.Bound, AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.7"), Name: "203.0.113.7.media.example.com."},
			`{"outcomes":[{"instanceId":"i-0123456789abcdef0","status":"bound","allocationId":"eipalloc-1","ip":"203.0.113.7","name":"203.0.113.7.media.example.com."}],"failed":0}`,
		},
		{
			binder.Outcome{Status: binder.Exhausted, Reason: "the pool is dry"},
			`{"outcomes":[{"instanceId":"i-0123456789abcdef0","status":"exhausted","reason":"the pool is dry"}],"failed":0}`,
		},
		{
			binder.Outcome{Status: binder.Failed, Err: failure(true)},
			`{"outcomes":[{"instanceId":"i-0123456789abcdef0","status":"failed","error":"associate i-0123456789abcdef0: cause"}],"failed":1}`,
		},
	} {
		answer, err := lambdaevent.New(&stub{outcome: test.outcome}).Handle(t.Context(), fixture(t, "running"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != test.want {
			t.Errorf("answer\n%s\nwant\n%s", got, test.want)
		}
	}
}

func TestInvalidEvents(t *testing.T) {
	for _, test := range []struct{ name, says string }{
		{"other-detail-type", `"EC2 Instance Launch Successful"`},
		{"no-detail-type", "neither an event with a detail-type"},
		{"no-detail", "no detail"},
		{"null-detail", "no instance-id"},
		{"no-instance-id", "no instance-id"},
		{"malformed-instance-id", `"i-0123" is not the ID of an instance`},
		{"detail-of-another-type", "cannot unmarshal array"},
	} {
		refuse(t, test.name, fixture(t, test.name), test.says)
	}
	refuse(t, "empty", json.RawMessage(`{"detail-type":""}`), "no detail-type")
	refuse(t, "a number", json.RawMessage(`{"detail-type":1}`), "not an EventBridge event")
	refuse(t, "null", json.RawMessage(`null`), "neither an event with a detail-type")
	refuse(t, "a list", json.RawMessage(`[]`), "not a JSON object")
	refuse(t, "no JSON", json.RawMessage(`{"detail-type`), "not a JSON object: unexpected end of JSON input")
	refuse(t, "nothing", nil, "not a JSON object")
	refuse(t, "deep", json.RawMessage(strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), "exceeded max depth")
	refuse(t, "deep detail", bytes.Replace(fixture(t, "running"), []byte(`"running"`), []byte(strings.Repeat(`{"a":`, 20_000)+"1"+strings.Repeat("}", 20_000)), 1), "exceeded max depth")
}

func refuse(t *testing.T, name string, payload json.RawMessage, says string, optFns ...func(*lambdaevent.Options)) {
	t.Helper()
	b := &stub{outcome: binder.Outcome{Status: binder.Bound}}
	_, err := lambdaevent.New(b, optFns...).Handle(t.Context(), payload)
	var invalid *lambdaevent.EventError
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: error %v, want an *EventError that says %q", name, err, says)
	}
	if len(b.calls) > 0 {
		t.Errorf("%s: the binder was asked for %q", name, b.calls)
	}
	if len(err.Error()) > 1000 {
		t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
	}
}

func TestOtherRegionOrAccount(t *testing.T) {
	here := func(o *lambdaevent.Options) { o.Region, o.AccountID = "eu-central-1", "123456789012" }
	if _, err := lambdaevent.New(&stub{}, here).Handle(t.Context(), fixture(t, "running")); err != nil {
		t.Errorf("event of this Region and account: %v", err)
	}
	refuse(t, "other Region", fixture(t, "running"), `"eu-central-1", not "us-east-1"`,
		here, func(o *lambdaevent.Options) { o.Region = "us-east-1" })
	refuse(t, "other account", fixture(t, "running"), `"123456789012", not "210987654321"`,
		here, func(o *lambdaevent.Options) { o.AccountID = "210987654321" })
}

func TestDeadline(t *testing.T) {
	for _, test := range []struct{ timeout, margin, want time.Duration }{
		{time.Minute, 6 * time.Second, 54 * time.Second},
		{4 * time.Second, 6 * time.Second, 3 * time.Second},
		{time.Minute, 0, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			b := &stub{}
			handler := lambdaevent.New(b, func(o *lambdaevent.Options) { o.Margin = test.margin })
			if _, err := handler.Handle(ctx, fixture(t, "running")); err != nil {
				t.Fatal(err)
			}
			if b.left != test.want {
				t.Errorf("timeout %s, margin %s: the binder has %s, want %s", test.timeout, test.margin, b.left, test.want)
			}
		})
	}
}

func TestLog(t *testing.T) {
	for _, test := range []struct {
		outcome binder.Outcome
		want    []string
	}{
		{binder.Outcome{Status: binder.Bound}, []string{"level=INFO", "status=bound", "instance=" + worker, "state=running"}},
		{binder.Outcome{Status: binder.Exhausted, Reason: "dry"}, []string{"level=INFO", "status=exhausted", "reason=dry"}},
		{binder.Outcome{Status: binder.Failed, Err: failure(false)}, []string{"level=WARN", "cause"}},
		{binder.Outcome{Status: binder.Failed, Err: failure(true)}, []string{"level=ERROR", "cause"}},
	} {
		var log bytes.Buffer
		handler := lambdaevent.New(&stub{outcome: test.outcome}, func(o *lambdaevent.Options) {
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		_, _ = handler.Handle(t.Context(), fixture(t, "running")) // TestOutcomes is about the result
		for _, want := range test.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: log %q lacks %q", test.outcome.Status, log.String(), want)
			}
		}
	}
}

func TestLambdaTakesTheHandler(t *testing.T) {
	for _, test := range []struct {
		payload   json.RawMessage
		want, err string
	}{
		{fixture(t, "running"), `{"outcomes":[{"instanceId":"i-0123456789abcdef0","status":"ineligible"}],"failed":0}`, ""},
		{json.RawMessage(`{"detail-type`), `{"error":"invalid event: it is not a JSON object: unexpected end of JSON input"}`, ""},
		{json.RawMessage(`{"Records":[{"eventSource":"aws:sns"}]}`), `{"error":"invalid event: its record 0 is no message of a queue: its event source is \"aws:sns\""}`, ""},
		// an answer would acknowledge what is from a queue
		{json.RawMessage(`{"Records":[{"eventSource":"aws:sqs","body":7}]}`), "", "invalid event: not a batch of messages"},
	} {
		function := lambda.NewHandler(lambdaevent.New(&stub{outcome: binder.Outcome{Status: binder.Ineligible}}))
		got, err := function.Invoke(t.Context(), test.payload)
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), test.err)) {
			t.Errorf("Invoke: error %v, want %q", err, test.err)
		}
		if string(got) != test.want {
			t.Errorf("Invoke = %s, want %s", got, test.want)
		}
	}
}
