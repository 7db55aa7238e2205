package route53zone_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

func unlimited() *rate.Limiter { return rate.NewLimiter(rate.Inf, 0) }

func TestChangesWaitForTheirTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, func(o *awssim.Options) { o.Buckets = awssim.Route53Buckets() })
		c.apply(t.Context(), creations(1000, "192.0.2.1")...)
		c.allDone(t)
		start := time.Now()
		for _, change := range creations(1000, "192.0.2.1") {
			c.apply(t.Context(), replace(*change.After, a(change.After.Name, "192.0.2.2")))
		}
		c.allDone(t)
		// 3,000 tokens, of which 1,500 were there and 15 came during the first request
		if took := time.Since(start); took < 14*time.Second || took > 16*time.Second {
			t.Errorf("2,000 more changes took %s, want about 15s", took)
		}
		c.called(t, changeAction, 3, 3)
		if throttled := c.sim.Throttled(); len(throttled) > 0 {
			t.Errorf("throttled: %v", throttled)
		}
	})
}

func TestRequestsAreNoLargerThanTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := rate.NewLimiter(100, 10)
		c := newCrowd(t, unchanged, func(o *route53zone.Options) { o.ChangeTokens = tokens })
		if _, err := c.Apply(t.Context(), creations(11, "192.0.2.1")); !errors.Is(err, dnspolicy.ErrTooLarge) {
			t.Errorf("11 changes at once: %v, want ErrTooLarge", err)
		}
		c.apply(t.Context(), creations(30, "192.0.2.1")...)
		c.allDone(t)
		c.called(t, changeAction, 3, 3)
		for _, batch := range c.client.batches {
			if len(batch) != 10 {
				t.Errorf("a request of %d changes, want 10", len(batch))
			}
		}
	})
}

func TestWaitingForTokensEndsWithItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged, func(o *route53zone.Options) { o.ChangeTokens = rate.NewLimiter(0.01, 1) })
		c.apply(t.Context(), creations(1, "192.0.2.1")...)
		c.allDone(t)
		checkLeft(t, c, named("late", 1))
		c.called(t, changeAction, 1, 1)
	})
}

func TestTokensOfNobody(t *testing.T) {
	if _, err := route53zone.New(record(t), zoneID, func(o *route53zone.Options) { o.ChangeTokens = rate.NewLimiter(100, 0) }); err == nil {
		t.Error("a bucket that holds nothing: no error")
	}
}
