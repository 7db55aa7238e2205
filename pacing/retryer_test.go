package pacing_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/pacing"
)

func failWith(status int, code string) func(*awssim.Options) {
	return func(o *awssim.Options) {
		o.Intercept = func(string, *http.Request) *awssim.Fault { return &awssim.Fault{Status: status, Code: code} }
	}
}

func TestAttempts(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		code   string
		option func(*pacing.Options)
		want   int
		slower bool
	}{
		"throttled":           {503, "RequestLimitExceeded", func(*pacing.Options) {}, 10, true},
		"throttled, option":   {503, "RequestLimitExceeded", func(o *pacing.Options) { o.MaxAttempts = 4 }, 4, true},
		"never below the SDK": {503, "RequestLimitExceeded", func(o *pacing.Options) { o.MaxAttempts = 1 }, 3, true},
		"zone is busy":        {400, "PriorRequestNotComplete", func(*pacing.Options) {}, 10, false},
		"server's error":      {500, "InternalError", func(*pacing.Options) {}, 3, false},
		"not retryable":       {400, "InvalidParameterValue", func(*pacing.Options) {}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1, instant, failWith(test.status, test.code))
				p := w.process(test.option)
				err := p.associate(t.Context(), w.take(1)[0])
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != test.code {
					t.Errorf("error %v, want %s", err, test.code)
				}
				seen := p.pacer.Stats()[associate]
				if got := w.sim.Calls()[associate]; got != test.want || seen.Attempts != got {
					t.Errorf("%d attempts, counted %d, want %d", got, seen.Attempts, test.want)
				}
				if slower := seen.Throttled > 0 && seen.Rate < 5; slower != test.slower {
					t.Errorf("afterwards %+v, slower: %t, want %t", seen, slower, test.slower)
				}
			})
		})
	}
}

// TestThrottlesLeaveTheQuotaAlone: the SDK's quota of retries lasts for 100,
// whatever the number of throttles before.
func TestThrottlesLeaveTheQuotaAlone(t *testing.T) {
	pacer, err := pacing.New()
	if err != nil {
		t.Fatal(err)
	}
	r := pacer.Retryer(nil)
	for range 1000 {
		if _, err := r.GetRetryToken(t.Context(), &smithy.GenericAPIError{Code: "RequestLimitExceeded"}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for {
		if _, err := r.GetRetryToken(t.Context(), &smithy.GenericAPIError{Code: "InternalError"}); err != nil {
			break
		}
		n++
	}
	if n != 100 {
		t.Errorf("the quota lasted for %d retries, want 100", n)
	}
}

// TestNewRetries: the SDK's new retries report second and later attempts in
// another way, and their throttles slow down all the same.
func TestNewRetries(t *testing.T) {
	t.Setenv("AWS_NEW_RETRIES_2026", "true")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, instant, failWith(503, "RequestLimitExceeded"))
		p := w.process()
		if err := p.associate(t.Context(), w.take(1)[0]); err == nil || w.sim.Calls()[associate] != 10 {
			t.Errorf("%d attempts, %v; want 10", w.sim.Calls()[associate], err)
		}
		if seen := p.pacer.Stats()[associate]; seen.Rate > 1 {
			t.Errorf("%+v, want it to be slowed down several times", seen)
		}
	})
}

func TestMaxAttemptsOfTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, instant, failWith(503, "RequestLimitExceeded"))
		p := w.process()
		p.client = ec2.New(p.client.Options(), func(o *ec2.Options) { o.RetryMaxAttempts = 2 })
		if err := p.associate(t.Context(), w.take(1)[0]); err == nil || w.sim.Calls()[associate] != 2 {
			t.Errorf("%d attempts, %v; want 2", w.sim.Calls()[associate], err)
		}
	})
}

func TestBaseRetryer(t *testing.T) {
	pacer, err := pacing.New()
	if err != nil {
		t.Fatal(err)
	}
	endless := pacer.Retryer(retry.AddWithMaxAttempts(retry.NewStandard(), 0))
	if n := endless.MaxAttempts(); n != 0 {
		t.Errorf("MaxAttempts = %d where the client's own has no limit", n)
	}
	old := pacer.Retryer(oldRetryer{retry.NewStandard()})
	release, err := old.(aws.RetryerV2).GetAttemptToken(t.Context())
	if err != nil || release(nil) != nil {
		t.Errorf("a retryer of the old kind: %v", err)
	}
}

// oldRetryer has no GetAttemptToken.
type oldRetryer struct{ aws.Retryer }

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*pacing.Options){
		"no burst":    func(o *pacing.Options) { o.Limits["X"] = pacing.Limit{Refill: 1} },
		"no refill":   func(o *pacing.Options) { o.Limits["X"] = pacing.Limit{Burst: 1} },
		"no name":     func(o *pacing.Options) { o.Limits[""] = pacing.Limit{Burst: 1, Refill: 1} },
		"no share":    share(0),
		"large share": share(1.1),
		"slack":       func(o *pacing.Options) { o.Slack = -1 },
		"peak":        func(o *pacing.Options) { o.Peak = 0.9 },
		"recovery":    func(o *pacing.Options) { o.Recovery = 0 },
		"attempts":    func(o *pacing.Options) { o.MaxAttempts = 0 },
	} {
		if _, err := pacing.New(change); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
