package awssim

import (
	"maps"
	"math"
	"time"
)

// Bucket is a token bucket of AWS's request throttling.
type Bucket struct {
	// Burst is how many tokens it holds; it is full at first.
	Burst int
	// Refill is how many tokens come back in a second; zero: none ever.
	Refill float64
}

// Buckets are the account's token buckets. A key is an action's name, for one
// token a call, or one of the Bucket constants. What has no bucket is not
// throttled. A call that misses a token takes none at all.
type Buckets map[string]Bucket

// Buckets that are not one action's requests.
const (
	// BucketDescribeInstancesPlain is taken by DescribeInstances without filter
	// and pagination, instead of "DescribeInstances".
	BucketDescribeInstancesPlain = "DescribeInstances, plain"
	// BucketRunInstancesResources gives one token for each instance of MaxCount.
	BucketRunInstancesResources = "RunInstances, instances"
	// BucketTerminateInstancesResources gives one token for each instance.
	BucketTerminateInstancesResources = "TerminateInstances, instances"
	// BucketRoute53 gives one token for each call of Route 53, whatever the action.
	BucketRoute53 = "Route 53"
	// BucketRoute53Changes gives tokens for changes of record sets: CREATE and
	// DELETE take one, UPSERT takes two.
	BucketRoute53Changes = "Route 53, changes"
)

// EC2Buckets returns EC2's default quotas (AWS-FACTS.md). An account's applied
// quotas can differ.
func EC2Buckets() Buckets {
	mutating, describe := Bucket{50, 5}, Bucket{100, 20}
	return Buckets{
		"AllocateAddress":                 mutating,
		"AssociateAddress":                mutating,
		"DisassociateAddress":             mutating,
		"ModifyAddressAttribute":          mutating,
		"ReleaseAddress":                  mutating,
		"CreateTags":                      {100, 10},
		"DescribeAddresses":               describe,
		"DescribeInstances":               describe,
		BucketDescribeInstancesPlain:      {50, 10},
		"RunInstances":                    {5, 2},
		BucketRunInstancesResources:       {1000, 2},
		"TerminateInstances":              {100, 5},
		BucketTerminateInstancesResources: {1000, 20},
	}
}

// Route53Buckets returns Route 53's quotas since July 2026 (AWS-FACTS.md): each
// action has requests of its own, and changes are counted.
func Route53Buckets() Buckets {
	all := Buckets{BucketRoute53Changes: {1500, 100}}
	for _, r := range routes() {
		all[r.action] = Bucket{50, 10}
	}
	return all
}

// Route53BucketsBefore returns Route 53's quota before July 2026: five requests
// a second in the whole account.
func Route53BucketsBefore() Buckets { return Buckets{BucketRoute53: {5, 5}} }

// With returns the buckets and the others; of two with one key, the other one.
func (b Buckets) With(others Buckets) Buckets {
	all := maps.Clone(b)
	maps.Copy(all, others)
	return all
}

// Throttled returns how often each action has been refused for want of tokens.
func (s *Sim) Throttled() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.throttled)
}

// charge is what a call takes from one bucket.
type charge struct {
	bucket string
	tokens int
}

// interval is the time in which one token comes back: whole nanoseconds, so
// that a client which waits for it exactly does not find 0.999 tokens.
func (b Bucket) interval() time.Duration {
	if b.Refill <= 0 {
		return math.MaxInt64 / time.Duration(2*b.Burst+1) // longer than any test
	}
	return time.Duration(float64(time.Second) / b.Refill)
}

// take takes all the tokens, or none if some are missing.
func (m *model) take(charges []charge) bool {
	fullAt := map[string]time.Time{}
	for _, c := range charges {
		b, limited := m.opts.Buckets[c.bucket]
		if !limited {
			continue
		}
		at := m.fullAt[c.bucket]
		if at.Before(m.now) {
			at = m.now
		}
		if c.tokens > b.Burst { // never enough; and what follows must not overflow
			return false
		}
		at = at.Add(time.Duration(c.tokens) * b.interval())
		if at.Sub(m.now) > time.Duration(b.Burst)*b.interval() {
			return false
		}
		fullAt[c.bucket] = at
	}
	maps.Copy(m.fullAt, fullAt)
	return true
}
