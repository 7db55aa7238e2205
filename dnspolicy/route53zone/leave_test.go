package route53zone_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
)

// checkLeft makes calls whose context ends after a second, and checks that they
// return with it.
func checkLeft(t *testing.T, c *crowd, changes []dnspolicy.Change) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	start := time.Now()
	c.apply(ctx, changes...)
	for _, err := range c.wait() {
		if err != context.DeadlineExceeded {
			t.Errorf("Apply: %v, want context.DeadlineExceeded as it is", err)
		}
	}
	if took := time.Since(start); took != time.Second {
		t.Errorf("it took %s, want 1s", took)
	}
}

func slow(o *route53zone.Options) { o.Linger = time.Minute }

func (c *crowd) holds(name string) bool {
	for _, set := range c.sim.RecordSets(c.id) {
		if set.Name == name {
			return true
		}
	}
	return false
}

func TestCallerLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged, slow)
		c.apply(t.Context(), named("stays", 1)...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Apply(ctx, named("leaves", 1)); err != context.DeadlineExceeded {
			t.Errorf("Apply: %v, want context.DeadlineExceeded as it is", err)
		}
		c.allDone(t)
		if c.holds("leaves-m0.example.com.") || !c.holds("stays-m0.example.com.") {
			t.Errorf("the zone holds %v", c.sim.RecordSets(c.id))
		}
	})
}

func TestAllCallersLeaveTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged, slow)
		checkLeft(t, c, creations(3, "192.0.2.1"))
		time.Sleep(time.Hour)
		c.called(t, changeAction, 0, 0)
		c.apply(t.Context(), creations(1, "192.0.2.1")...)
		c.allDone(t)
	})
}

func TestCallerLeavesARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		ctx, cancel := context.WithTimeout(t.Context(), latency)
		defer cancel()
		changes := named("leaves", 1)
		c.apply(ctx, changes...) // it comes first: the request is not under its context
		c.apply(t.Context(), named("stays", 100)...)
		synctest.Wait()
		time.Sleep(latency)
		changes[0].After.Values[0] = "192.0.2.9" // its caller's again, while the request goes on
		errs := c.wait()
		if errs[0] != context.DeadlineExceeded {
			t.Errorf("Apply: %v, want context.DeadlineExceeded as it is", errs[0])
		}
		if err := errors.Join(errs[1:]...); err != nil {
			t.Errorf("the others: %v", err)
		}
		c.called(t, changeAction, 1, 1)
		if !c.holds("leaves-m0.example.com.") {
			t.Error("a request that was sent has lost a change")
		}
	})
}

// stuck is a client whose requests end with their context.
type stuck struct {
	route53zone.Client
	ended time.Time
}

func (c *stuck) ChangeResourceRecordSets(ctx context.Context, _ *route53.ChangeResourceRecordSetsInput, _ ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error) {
	<-ctx.Done()
	c.ended = time.Now()
	return nil, ctx.Err()
}

func TestRequestEndsWithItsCallers(t *testing.T) {
	for name, test := range map[string]struct {
		others bool
		want   time.Duration
	}{
		"the last one":               {false, time.Second},
		"10 seconds after the first": {true, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := &stuck{}
				zone := newZone(t, client, func(o *route53zone.Options) { o.Linger = time.Millisecond })
				start := time.Now()
				c := &crowd{Zone: zone, client: &observed{}}
				if test.others {
					c.apply(t.Context(), named("other", 3)...)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := zone.Apply(ctx, creations(1, "192.0.2.1")); err != context.DeadlineExceeded {
					t.Errorf("Apply: %v, want context.DeadlineExceeded as it is", err)
				}
				for _, err := range c.wait() {
					checkKind(t, err, nil)
					if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("another one's Apply: %v, but its context goes on", err)
					}
				}
				synctest.Wait()
				if took := client.ended.Sub(start); took != test.want {
					t.Errorf("the request ended after %s, want %s", took, test.want)
				}
			})
		})
	}
}
