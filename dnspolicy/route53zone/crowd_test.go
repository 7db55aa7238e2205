package route53zone_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// observed is a client that keeps what each request changes, and how many are
// under way at once.
type observed struct {
	route53zone.Client
	mu        sync.Mutex
	batches   [][]types.Change
	now, most int
}

func (c *observed) ChangeResourceRecordSets(ctx context.Context, in *route53.ChangeResourceRecordSetsInput, optFns ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error) {
	c.mu.Lock()
	c.batches = append(c.batches, in.ChangeBatch.Changes)
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now--
	}()
	return c.Client.ChangeResourceRecordSets(ctx, in, optFns...)
}

// crowd is a zone of a simulated account, and what its callers do to it.
type crowd struct {
	*route53zone.Zone
	sim    *awssim.Sim
	id     string
	client *observed
	errs   []error
	done   sync.WaitGroup
}

const latency = 150 * time.Millisecond

// newCrowd returns a zone over a client that repeats nothing, in an account that
// refuses overlapping changes.
func newCrowd(t *testing.T, simFn func(*awssim.Options), optFns ...func(*route53zone.Options)) *crowd {
	t.Helper()
	return newCrowdThatRetries(t, aws.NopRetryer{}, simFn, optFns...)
}

func newCrowdThatRetries(t *testing.T, retryer aws.Retryer, simFn func(*awssim.Options), optFns ...func(*route53zone.Options)) *crowd {
	t.Helper()
	sim, id := newSim(t, func(o *awssim.Options) {
		o.RefuseOverlap = true
		o.Latency = func(string) time.Duration { return latency }
	}, simFn)
	client := &observed{Client: route53.New(route53.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(),
		Retryer:     retryer,
	})}
	zone, err := route53zone.New(client, id, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return &crowd{Zone: zone, sim: sim, id: id, client: client}
}

func unchanged(*awssim.Options) {}

// apply starts an Apply for each change, and keeps its error.
func (c *crowd) apply(ctx context.Context, changes ...dnspolicy.Change) {
	for _, change := range changes {
		c.applyAll(ctx, change)
	}
}

// applyAll starts one Apply for all of the changes.
func (c *crowd) applyAll(ctx context.Context, changes ...dnspolicy.Change) {
	c.client.mu.Lock()
	defer c.client.mu.Unlock()
	n := len(c.errs)
	c.errs = append(c.errs, nil)
	c.done.Go(func() {
		_, err := c.Apply(ctx, changes)
		c.client.mu.Lock()
		defer c.client.mu.Unlock()
		c.errs[n] = err
	})
}

// wait waits for all that was started, and returns the errors in the order of start.
func (c *crowd) wait() []error {
	c.done.Wait()
	errs := c.errs
	c.errs = nil
	return errs
}

// allDone fails the test if anything has failed, or went at once.
func (c *crowd) allDone(t *testing.T) {
	t.Helper()
	for n, err := range c.wait() {
		if err != nil {
			t.Errorf("call %d: %v", n, err)
		}
	}
	c.oneByOne(t)
}

func (c *crowd) oneByOne(t *testing.T) {
	t.Helper()
	if c.client.most != 1 {
		t.Errorf("%d requests at once, want 1", c.client.most)
	}
}

// called fails the test unless there were so many calls of the action.
func (c *crowd) called(t *testing.T, action string, least, most int) {
	t.Helper()
	if n := c.sim.Calls()[action]; n < least || n > most {
		t.Errorf("%d calls of %s, want %d to %d", n, action, least, most)
	}
}

const (
	changeAction = "ChangeResourceRecordSets"
	listAction   = "ListResourceRecordSets"
	getAction    = "GetChange"
)

func TestThousandCallsAreOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		start := time.Now()
		c.apply(t.Context(), creations(1000, "192.0.2.1")...)
		c.allDone(t)
		c.called(t, changeAction, 1, 1)
		if took := time.Since(start); took != latency {
			t.Errorf("it took %s, want %s: a full request does not linger", took, latency)
		}
	})
}

func TestCallsLingerForOthers(t *testing.T) {
	for name, test := range map[string]struct {
		linger   time.Duration
		requests int
		took     time.Duration
	}{
		"not at all":  {0, 2, 2 * latency}, // those that come during the first request go together
		"long enough": {time.Second, 1, time.Second + latency},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, unchanged, func(o *route53zone.Options) { o.Linger = test.linger })
				start := time.Now()
				for _, change := range creations(100, "192.0.2.1") {
					c.apply(t.Context(), change)
					time.Sleep(time.Millisecond)
				}
				c.allDone(t)
				c.called(t, changeAction, test.requests, test.requests)
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
			})
		})
	}
}

// TestNamesAsFastAsEC2Associates is a storm of 1,000 instances behind EC2's limit
// of 5 associations a second, with the settings that the documentation has for it.
func TestNamesAsFastAsEC2Associates(t *testing.T) {
	for name, buckets := range map[string]awssim.Buckets{
		"quotas since July 2026":  awssim.Route53Buckets(),
		"quotas before July 2026": awssim.Route53BucketsBefore(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const instances = 1000
				c := newCrowdThatRetries(t, retry.NewStandard(), func(o *awssim.Options) {
					o.Latency = nil
					awssim.AWSLatency(o)
					o.Buckets = buckets
				}, func(o *route53zone.Options) {
					o.Linger, o.PollInterval, o.FirstLook = 5*time.Second, 5*time.Second, 20*time.Second
				})
				var slowest time.Duration
				for _, change := range creations(instances, "192.0.2.1") {
					c.done.Go(func() {
						start := time.Now()
						p, err := c.Apply(t.Context(), []dnspolicy.Change{change})
						if err == nil {
							err = c.Wait(t.Context(), p)
						}
						c.client.mu.Lock()
						defer c.client.mu.Unlock()
						c.errs = append(c.errs, err)
						slowest = max(slowest, time.Since(start))
					})
					time.Sleep(time.Second / 5)
				}
				c.allDone(t)
				if slowest > 77*time.Second { // 60 of Route 53, linger, an interval for a throttled look, another one
					t.Errorf("the slowest took %s", slowest)
				}
				calls := c.sim.Calls()
				t.Logf("%v, the slowest took %s", calls, slowest)
				if all := calls[changeAction] + calls[getAction] + calls[listAction]; all > instances*27/100 || calls[changeAction] > instances/20 {
					t.Errorf("%v for %d instances", calls, instances)
				}
				if throttled := c.sim.Throttled(); throttled[changeAction]+throttled[getAction] > instances/50 {
					t.Errorf("throttled: %v", throttled)
				}
			})
		})
	}
}

func TestRequestsKeepWithinTheLimits(t *testing.T) {
	part := `"` + strings.Repeat("x", 197) + `"`
	text := part + "  " + part // 400 characters
	long := func(changes []dnspolicy.Change) []dnspolicy.Change {
		for i, c := range changes {
			c.After.Name = fmt.Sprintf("%063d.%063d.%063d.%047d.example.com.", i, i, i, i)
		}
		return changes
	}
	for name, test := range map[string]struct {
		changes  []dnspolicy.Change
		requests int
	}{
		"values":         {creations(700, "192.0.2.1", "192.0.2.2", "192.0.2.3"), 3},
		"characters":     {texts(200, text), 3}, // 80 each
		"longest names":  {long(creations(1500, "192.0.2.1")), 2},
		"longest of all": {long(texts(200, text)), 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t, unchanged)
				c.apply(t.Context(), test.changes...)
				c.allDone(t)
				c.called(t, changeAction, test.requests, test.requests)
				for _, batch := range c.client.batches {
					checkSize(t, batch)
				}
			})
		})
	}
}

func checkSize(t *testing.T, batch []types.Change) {
	t.Helper()
	values, characters := 0, 0
	for _, change := range batch {
		for _, record := range change.ResourceRecordSet.ResourceRecords {
			values++
			characters += utf8.RuneCountInString(*record.Value)
		}
	}
	if values > 1000 || characters > 32000 {
		t.Errorf("a request has %d values with %d characters", values, characters)
	}
}

func TestLargeCallsAreNotOvertakenForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged, func(o *route53zone.Options) { o.Linger, o.ChangeTokens = 0, unlimited() })
		c.apply(t.Context(), named("first", 1)...)
		synctest.Wait()
		for _, changes := range [][]dnspolicy.Change{named("small", 1), named("large", 1000)} {
			c.applyAll(t.Context(), changes...)
			synctest.Wait()
		}
		c.apply(t.Context(), creations(1500, "192.0.2.1")...)
		c.allDone(t)
		if sizes := c.sizes(); !slices.Equal(sizes, []int{1, 1000, 1000, 501}) {
			t.Errorf("requests of %d changes, want [1 1000 1000 501]", sizes)
		}
		if name := *c.client.batches[2][0].ResourceRecordSet.Name; !strings.HasPrefix(name, "large") {
			t.Errorf("the third request begins with %s, want the large call", name)
		}
	})
}

// sizes returns how many changes each request had.
func (c *crowd) sizes() (sizes []int) {
	for _, batch := range c.client.batches {
		sizes = append(sizes, len(batch))
	}
	return sizes
}

// named returns n creations of names with this prefix.
func named(prefix string, n int) []dnspolicy.Change {
	changes := creations(n, "192.0.2.1")
	for _, c := range changes {
		c.After.Name = prefix + "-" + c.After.Name
	}
	return changes
}

func TestCallsAboutOneRecordSetKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		first, second := a("m.example.com.", "192.0.2.1"), a("m.example.com.", "192.0.2.2")
		other := dnspolicy.Create(a("n.example.com.", "192.0.2.1"))
		for _, changes := range [][]dnspolicy.Change{
			{dnspolicy.Create(first)},
			{replace(first, second), other},
			{dnspolicy.Republish(*other.After)},
			{dnspolicy.Delete(second)},
			{dnspolicy.Create(a("o.example.com.", "192.0.2.1"))},
		} {
			c.applyAll(t.Context(), changes...)
			synctest.Wait()
		}
		c.allDone(t)
		if sizes := c.sizes(); !slices.Equal(sizes, []int{2, 3, 3}) {
			t.Errorf("requests of %d changes, want [2 3 3]", sizes)
		}
	})
}
