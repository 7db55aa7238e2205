// Package pacing keeps AWS API calls below AWS's request limits, on the
// client's side: a token bucket for each API action, shared by everything in
// the process. It is the one place where the library's pace and its retries are
// decided.
//
//	pacer, err := pacing.New()
//	if err != nil {
//		return err
//	}
//	instances := ec2.NewFromConfig(cfg, func(o *ec2.Options) { o.Retryer = pacer.Retryer(o.Retryer) })
//	names := route53.NewFromConfig(cfg, func(o *route53.Options) { o.Retryer = pacer.Retryer(o.Retryer) })
//	pool, err := ec2pool.New(instances, func(o *ec2pool.Options) { o.Tags, o.Turns = media, pacer })
//
// AWS counts per account, Region and action: one Pacer belongs to all clients
// of one account and Region. A Pacer is safe for concurrent use, starts no
// goroutine that outlives a wait, and holds no lock while anybody sleeps.
//
// # Limits
//
// [DefaultLimits] are AWS's defaults. An action without a limit is not paced.
//
//	action                                           burst  per second  source
//	AssociateAddress, DisassociateAddress,              50           5  "Request throttling for the Amazon EC2 API"
//	  AllocateAddress, ReleaseAddress,
//	  ModifyAddressAttribute
//	DescribeAddresses                                  100          20  the same
//	DescribeInstances (with a filter or in pages)      100          20  the same; without either it is 50 and 10
//	ChangeResourceRecordSets, GetChange,                50          10  "Quotas" in Route 53's developer guide,
//	  GetHostedZone, ListResourceRecordSets                             since July 2026
//
// Applied quotas can differ from these (Service Quotas shows them), and a
// retryer does not see a request's parameters: what describes instances without
// a filter needs Limits["DescribeInstances"] of 50 and 10. Route 53's other
// limit, on changes within requests, is not counted; its throttles slow
// ChangeResourceRecordSets down.
//
// # Pace
//
// Each attempt takes a token, retries too. Who comes first is served first.
// The burst goes out at Options.Peak times the refill instead of at once, so
// that a throttle, if there is one, is heard of before the burst is gone.
//
// AWS may have fewer tokens than the bucket believes: other processes use
// them. So a throttle empties the bucket and halves its refill, at most once a
// second; from then on the refill grows again, evenly, by the whole limit in
// Options.Recovery. Since those who share a limit all halve and all grow by
// the same amount, their shares become equal without their talking to each
// other, as with TCP's congestion control (AIMD). Probing for the limit costs
// throttles, the more the more processes there are. In simulation, with 1,000
// associations at once and AWS's defaults, whoever makes them ends within about
// 5 % of the least possible time, 190 s; throttled are, in parts of the calls:
//
//	processes   1    2    4     8    16
//	throttled   0  2 %  9 %  28 %  72 %   and none of them with Options.Share
//
// No call fails for it, and even 16 processes send less than twice what AWS lets
// through. Still: set Options.Share where there are more than four.
//
// golang.org/x/time/rate is not used, because it gives out times in advance: a
// throttle would not slow down those who wait already, nor would the others
// close up behind one who goes.
//
// # Retries
//
// The SDK's defaults, 3 attempts and a quota of retries for each client, are
// made for errors that are rare. Under a limit that several processes share,
// throttles are ordinary, and both run out: without pacing, half of 60 changes
// at 5 a second fail, and a quarter still with 10 attempts. Hence:
//
//   - A throttled call (PriorRequestNotComplete included, which says that the
//     zone is busy) has Options.MaxAttempts attempts, and costs nothing of the quota.
//   - Every other failure is retried as the client's own retryer has it: 3
//     attempts, and the quota stays, since it protects a service in trouble.
//   - In between, the client's own retryer waits, and then the call waits for its token.
//
// RetryMaxAttempts of a client or a configuration, if it is set, limits all of
// these. Under the SDK's AWS_NEW_RETRIES_2026, [Stats] do not count throttles
// of second and later attempts, and other failures have one attempt more.
package pacing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Limit is AWS's limit on one action, a token bucket.
type Limit struct {
	// Burst is how many calls may go out after a time of rest; at least 1.
	Burst int
	// Refill is how many calls a second may go out on and on; more than 0.
	Refill float64
}

// DefaultLimits returns AWS's default limits by action; see the package comment.
func DefaultLimits() map[string]Limit {
	limits := map[string]Limit{
		"DescribeAddresses": {100, 20},
		"DescribeInstances": {100, 20},
	}
	for _, action := range []string{"AssociateAddress", "DisassociateAddress", "AllocateAddress", "ReleaseAddress", "ModifyAddressAttribute"} {
		limits[action] = Limit{50, 5}
	}
	for _, action := range []string{"ChangeResourceRecordSets", "GetChange", "GetHostedZone", "ListResourceRecordSets"} {
		limits[action] = Limit{50, 10}
	}
	return limits
}

// Options are a Pacer's tunables. New fills in the defaults before it calls the
// option functions, so a zero set there means zero.
type Options struct {
	// Limits are AWS's limits by action, such as "AssociateAddress". Default
	// DefaultLimits(). An action that is not in it is not paced.
	Limits map[string]Limit
	// Share is the part of each limit that this process may use, from above 0 to
	// 1: 0.25 where four processes share an account. Default 1, which is right for
	// an unknown number, too; there are more throttles then.
	Share float64
	// Slack is by how much calls may overtake each other on their way to AWS; so
	// much of the refill is left in the bucket for it. Default 200 ms.
	Slack time.Duration
	// Peak is how many times faster than the refill the burst goes out; at least
	// 1. Default 5: 25 calls of AssociateAddress in a second.
	Peak float64
	// Recovery is the time in which the refill grows by the whole limit after
	// throttles. Less makes for more throttles among several processes, more
	// leaves a process that is alone again slow for longer. Default 1 min.
	Recovery time.Duration
	// MaxAttempts is how many attempts a call has that is throttled again and
	// again; at least 1. Default 10.
	MaxAttempts int
}

func (o Options) validate() error {
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("pacing: "+format, args...))
		}
	}
	for _, action := range slices.Sorted(maps.Keys(o.Limits)) {
		l := o.Limits[action]
		require(action != "" && l.Burst >= 1 && l.Refill > 0, "Limits[%q]: %+v needs a Burst of at least 1 and a Refill above 0", action, l)
	}
	require(o.Share > 0 && o.Share <= 1, "Share %v is not above 0 and at most 1", o.Share)
	require(o.Slack >= 0, "Slack %s is negative", o.Slack)
	require(o.Peak >= 1, "Peak %v is below 1", o.Peak)
	require(o.Recovery > 0, "Recovery %s is not above 0", o.Recovery)
	require(o.MaxAttempts >= 1, "MaxAttempts %d is below 1", o.MaxAttempts)
	return errors.Join(errs...)
}

// Pacer holds the buckets of one account and Region. Make one with New.
type Pacer struct {
	maxAttempts int

	mu      sync.Mutex
	buckets map[string]*bucket // by action; those without limit as they occur
}

// New returns a Pacer whose buckets are full.
func New(optFns ...func(*Options)) (*Pacer, error) {
	o := Options{
		Limits:      DefaultLimits(),
		Share:       1,
		Slack:       200 * time.Millisecond,
		Peak:        5,
		Recovery:    time.Minute,
		MaxAttempts: 10,
	}
	for _, fn := range optFns {
		fn(&o)
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &Pacer{maxAttempts: o.MaxAttempts, buckets: map[string]*bucket{}}
	for action, limit := range o.Limits {
		p.buckets[action] = newBucket(action, o.speed(limit), true)
	}
	return p, nil
}

// bucket returns the action's bucket.
func (p *Pacer) bucket(action string) *bucket {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.buckets[action]
	if !ok {
		b = newBucket(action, speed{}, false)
		p.buckets[action] = b
	}
	return b
}

// Stats are what a Pacer has seen of one action.
type Stats struct {
	// Attempts is how many requests were let go, retries included.
	Attempts int
	// Throttled is how many of them AWS has refused for being too many.
	Throttled int
	// Waiting is how many calls and turns are waiting now.
	Waiting int
	// Rate is the refill now, in calls a second; zero if the action is not paced.
	Rate float64
}

// Stats returns what was seen since New, by action: those with a limit, and
// those that were called.
func (p *Pacer) Stats() map[string]Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[string]Stats, len(p.buckets))
	for action, b := range p.buckets {
		all[action] = b.stats()
	}
	return all
}
