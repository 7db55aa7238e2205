package awssim_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// adaptive is the SDK's adaptive retryer with a wait of its own. The SDK's
// sleeps for 0 ns where rounding leaves a token a trace short, and in virtual
// time it then does so for ever.
type adaptive struct{ *retry.AdaptiveMode }

func newAdaptive() adaptive {
	return adaptive{retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.FailOnNoAttemptTokens = true
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None })
	})}
}

// MaxAttempts is more than anybody needs: zero would mean the default, 3.
func (adaptive) MaxAttempts() int { return 1000 }

// GetAttemptToken waits for a token.
func (a adaptive) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	for ctx.Err() == nil {
		if release, err := a.AdaptiveMode.GetAttemptToken(ctx); err == nil {
			return release, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, ctx.Err()
}

// TestAdaptiveRetry: 100 calls of 20 clients at once get through, not before
// the bucket allows it and not long after.
func TestAdaptiveRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, throttled)
		client := w.as("AKID", func(o *ec2.Options) { o.RetryMaxAttempts, o.Retryer = 0, newAdaptive() })
		start := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 5 {
					if _, err := client.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		refused := w.sim.Throttled()["AllocateAddress"]
		equal(t, "addresses", len(w.sim.Addresses()), 100)
		between(t, "seconds", time.Since(start).Seconds(), 10, 40)
		equal(t, "calls", w.sim.Calls()["AllocateAddress"], 100+refused)
		between(t, "throttled", refused, 1, 100)
	})
}
