package route53zone_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// published makes one change and returns its Propagation.
func (c *crowd) published(t *testing.T) dnspolicy.Propagation {
	t.Helper()
	p, err := c.Apply(t.Context(), creations(1, "192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// waitFor starts a Wait.
func (c *crowd) waitFor(ctx context.Context, p dnspolicy.Propagation) {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	n := len(c.errs)
	c.errs = append(c.errs, nil)
	c.done.Go(func() {
		err := c.Wait(ctx, p)
		c.client.mu.Lock()
		defer c.client.mu.Unlock()
		c.errs[n] = err
	})
}

func TestWaitersShareTheLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged, func(o *route53zone.Options) { o.PollInterval, o.FirstLook = 5*time.Second, 20*time.Second })
		p := c.published(t)
		for range 100 {
			c.waitFor(t.Context(), p)
			time.Sleep(100 * time.Millisecond)
		}
		c.allDone(t)
		c.called(t, getAction, 3, 3) // about 20, 25 and 30 seconds after the change
		if err := c.Wait(t.Context(), p); err != nil {
			t.Error(err)
		}
		c.called(t, getAction, 4, 4)
	})
}

func TestOthersChangeIsLookedAtAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		p := c.published(t)
		other := open(t, c.client, c.id)
		time.Sleep(time.Minute)
		start := time.Now()
		if err := other.Wait(t.Context(), p); err != nil || time.Since(start) != latency {
			t.Errorf("Wait: %v after %s, want %s", err, time.Since(start), latency)
		}
	})
}

func TestChangeThatArrivedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, func(o *awssim.Options) { o.InsyncAfter = 0 })
		p, start := c.published(t), time.Now()
		if err := c.Wait(t.Context(), p); err != nil || time.Since(start) != latency {
			t.Errorf("Wait: %v after %s, want %s", err, time.Since(start), latency)
		}
	})
}

func TestWaiterLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		p := c.published(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c.waitFor(ctx, p) // the first: the looks are not under its context
		synctest.Wait()
		c.waitFor(t.Context(), p)
		if errs := c.wait(); errs[0] != context.DeadlineExceeded || errs[1] != nil {
			t.Errorf("Wait: %v, want context.DeadlineExceeded as it is for the one that left", errs)
		}
		c.called(t, getAction, 9, 11)
	})
}

func TestNobodyWaitsAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		p := c.published(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c.waitFor(ctx, p)
		c.waitFor(ctx, p)
		if errs := c.wait(); errs[0] != context.DeadlineExceeded || errs[1] != context.DeadlineExceeded {
			t.Errorf("Wait: %v, want context.DeadlineExceeded as it is", errs)
		}
		looks := c.sim.Calls()[getAction]
		time.Sleep(time.Hour)
		c.called(t, getAction, looks, looks)
		if err := c.Wait(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitersShareAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, faults(getAction, awssim.Fault{Code: "AccessDenied", Status: 403}, 1))
		p := c.published(t)
		c.waitFor(t.Context(), p)
		c.waitFor(t.Context(), p)
		for _, err := range c.wait() {
			if !errors.Is(err, dnspolicy.ErrDenied) {
				t.Errorf("Wait: %v, want ErrDenied", err)
			}
		}
		c.called(t, getAction, 1, 1)
	})
}
