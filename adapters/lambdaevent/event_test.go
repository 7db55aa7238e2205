package lambdaevent_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// TestWarningsDrain: EC2's two warnings hide the worker, and nothing more.
func TestWarningsDrain(t *testing.T) {
	const done, again = false, true
	for _, event := range []string{"spot-interruption-warning", "rebalance-recommendation"} {
		for _, test := range []struct {
			outcome binder.Outcome
			again   bool
		}{
			{binder.Outcome{Status: binder.AlreadyBound, Reason: "draining"}, done},
			{binder.Outcome{Status: binder.Gone}, done},
			{binder.Outcome{Status: binder.Failed, Err: failure(true)}, done},
			{binder.Outcome{Status: binder.Failed, Err: failure(false)}, again},
			{binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}, again},
			{binder.Outcome{Status: binder.NotReady, RetryAfter: time.Second}, again},
		} {
			b := &stub{outcome: test.outcome}
			_, err := lambdaevent.New(b).Handle(t.Context(), fixture(t, event))
			var retry *lambdaevent.RetryError
			if errors.As(err, &retry) != test.again || (err != nil) != test.again {
				t.Errorf("%s and %s: error %v, want another invocation: %t", event, test.outcome.Status, err, test.again)
			}
			if diff := cmp.Diff([]string{"drain " + worker}, b.calls); diff != "" {
				t.Errorf("%s: calls (-want +got):\n%s", event, diff)
			}
		}
	}
}

// TestOriginIsTheFunctions: what Options leave open, the ARN of the function that
// was invoked says.
func TestOriginIsTheFunctions(t *testing.T) {
	for _, test := range []struct {
		arn, region, account string
		taken                bool
	}{
		{arn: "arn:aws:lambda:eu-central-1:123456789012:function:eipbinder", taken: true},
		{arn: "arn:aws:lambda:eu-central-1:123456789012:function:eipbinder:live", taken: true},
		{arn: "arn:aws-cn:lambda:cn-north-1:123456789012:function:eipbinder"},
		{arn: "arn:aws:lambda:eu-central-1:210987654321:function:eipbinder"},
		{arn: "arn:aws:lambda:us-east-1:210987654321:function:eipbinder", region: "eu-central-1", account: "123456789012", taken: true},
		{arn: "eipbinder", taken: true},
		{taken: true},
	} {
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: test.arn})
		for name, payload := range map[string]json.RawMessage{
			"notification": fixture(t, "running"), "warning": fixture(t, "spot-interruption-warning"), "schedule": fixture(t, "schedule"),
		} {
			handler := lambdaevent.New(&stub{}, func(o *lambdaevent.Options) { o.Region, o.AccountID = test.region, test.account })
			_, err := handler.Handle(ctx, payload)
			var invalid *lambdaevent.EventError
			if errors.As(err, &invalid) == test.taken || (err == nil) != test.taken {
				t.Errorf("%+v: %s: error %v", test, name, err)
			}
		}
	}
}
