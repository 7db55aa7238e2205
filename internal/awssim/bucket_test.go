package awssim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// throttled has EC2's and Route 53's buckets; instances run at once.
func throttled(o *awssim.Options) {
	immediate(o)
	o.AddressQuota = 1 << 16
	o.Buckets = awssim.EC2Buckets().With(awssim.Route53Buckets())
}

// passes returns how many calls in a row are not throttled, up to a limit.
func passes(t *testing.T, call func() error) int {
	t.Helper()
	for n := range 3000 {
		if code := codeOf(call()); code == "RequestLimitExceeded" || code == "Throttling" {
			return n
		} else if code == "broken" {
			t.Fatal("not an answer of AWS")
		}
	}
	return -1
}

// quota is a bucket as AWS-FACTS has it.
type quota struct {
	burst  int
	refill float64
	call   func(context.Context, *world) error
}

func ec2Quotas() map[string]quota {
	id, name := aws.String("x"), aws.String("instance-state-name")
	filters := []types.Filter{{Name: name, Values: []string{"running"}}}
	return map[string]quota{
		"AllocateAddress": {50, 5, func(ctx context.Context, w *world) error {
			_, err := w.ec2.AllocateAddress(ctx, &ec2.AllocateAddressInput{})
			return err
		}},
		"AssociateAddress": {50, 5, func(ctx context.Context, w *world) error {
			_, err := w.ec2.AssociateAddress(ctx, &ec2.AssociateAddressInput{AllocationId: id, NetworkInterfaceId: id})
			return err
		}},
		"DisassociateAddress": {50, 5, func(ctx context.Context, w *world) error {
			_, err := w.ec2.DisassociateAddress(ctx, &ec2.DisassociateAddressInput{AssociationId: id})
			return err
		}},
		"ModifyAddressAttribute": {50, 5, func(ctx context.Context, w *world) error {
			_, err := w.ec2.ModifyAddressAttribute(ctx, &ec2.ModifyAddressAttributeInput{AllocationId: id, DomainName: id})
			return err
		}},
		"ReleaseAddress": {50, 5, func(ctx context.Context, w *world) error {
			_, err := w.ec2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: id})
			return err
		}},
		"CreateTags": {100, 10, func(ctx context.Context, w *world) error {
			_, err := w.ec2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{"x"}, Tags: []types.Tag{{Key: id, Value: id}}})
			return err
		}},
		"DescribeAddresses": {100, 20, func(ctx context.Context, w *world) error {
			_, err := w.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
			return err
		}},
		"DescribeInstances": {50, 10, func(ctx context.Context, w *world) error {
			_, err := w.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-00000001"}})
			return err
		}},
		"DescribeInstances with a filter": {100, 20, func(ctx context.Context, w *world) error {
			_, err := w.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: filters})
			return err
		}},
		"DescribeInstances in pages": {100, 20, func(ctx context.Context, w *world) error {
			_, err := w.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
			return err
		}},
		"RunInstances":       {5, 2, func(ctx context.Context, w *world) error { _, err := w.ec2.RunInstances(ctx, runInput(1)); return err }},
		"TerminateInstances": {100, 5, terminate(1)},
	}
}

func terminate(count int) func(context.Context, *world) error {
	return func(ctx context.Context, w *world) error {
		_, err := w.ec2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: make([]string, count)})
		return err
	}
}

func route53Quotas() map[string]quota {
	return map[string]quota{
		"GetChange": {50, 10, func(ctx context.Context, w *world) error {
			_, err := w.r53.GetChange(ctx, &route53.GetChangeInput{Id: aws.String("C1")})
			return err
		}},
		"ListHostedZones": {50, 10, func(ctx context.Context, w *world) error {
			_, err := w.r53.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
			return err
		}},
		"ChangeResourceRecordSets": {50, 10, func(ctx context.Context, w *world) error { return w.changeOf(ctx, "CREATE", 1) }},
	}
}

// changeOf sends so many changes, all of them refused by the zone's absence.
func (w *world) changeOf(ctx context.Context, action string, count int) error {
	var changes []r53types.Change
	for n := range count {
		set := record(fmt.Sprintf("n%d.example.com", n), "A", 60, "192.0.2.1")
		changes = append(changes, r53types.Change{Action: r53types.ChangeAction(action), ResourceRecordSet: &set})
	}
	_, err := w.r53.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: aws.String("Z1"),
		ChangeBatch: &r53types.ChangeBatch{Changes: changes}})
	return err
}

func TestBuckets(t *testing.T) {
	for _, quotas := range []map[string]quota{ec2Quotas(), route53Quotas()} {
		for name, q := range quotas {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { q.check(t, newWorld(t, throttled)) })
			})
		}
	}
}

// check: the burst, then exactly what comes back with time.
func (q quota) check(t *testing.T, w *world) {
	call := func() error { return q.call(t.Context(), w) }
	equal(t, "burst", passes(t, call), q.burst)
	one := time.Duration(float64(time.Second) / q.refill)
	time.Sleep(one - 1)
	equal(t, "just before a token comes back", passes(t, call), 0)
	time.Sleep(1)
	equal(t, "when it comes back", passes(t, call), 1)
	time.Sleep(2 * time.Second)
	equal(t, "after 2 s", passes(t, call), int(2*q.refill))
	time.Sleep(time.Hour)
	equal(t, "full again", passes(t, call), q.burst)
}

func TestBucketRules(t *testing.T) {
	runRules(t, []rule{
		{"each action has its own", "AWS-FACTS: per account, Region and API action", throttled, func(t *testing.T, w *world) {
			allocate, release := ec2Quotas()["AllocateAddress"], ec2Quotas()["ReleaseAddress"]
			passes(t, func() error { return allocate.call(t.Context(), w) })
			equal(t, "another action", passes(t, func() error { return release.call(t.Context(), w) }), 50)
			equal(t, "addresses", len(w.sim.Addresses()), 50)
			equal(t, "throttled", fmt.Sprint(w.sim.Throttled()), "map[AllocateAddress:1 ReleaseAddress:1]")
		}},
		{"HTTP 503", "AWS-FACTS: HTTP 503, code RequestLimitExceeded", throttled, func(t *testing.T, w *world) {
			call := ec2Quotas()["AllocateAddress"].call
			passes(t, func() error { return call(t.Context(), w) })
			wantStatus(t, call(t.Context(), w), http.StatusServiceUnavailable, "RequestLimitExceeded")
		}},
		{"HTTP 400", "AWS-FACTS: 400 Throttling, Rate exceeded", throttled, func(t *testing.T, w *world) {
			call := route53Quotas()["GetChange"].call
			passes(t, func() error { return call(t.Context(), w) })
			err := call(t.Context(), w)
			wantStatus(t, err, http.StatusBadRequest, "Throttling")
			wantText(t, err, "Rate exceeded")
		}},
		{"launches are paid by instance, too", "AWS-FACTS: RunInstances 5/2 plus 1,000/2 instances", throttled, func(t *testing.T, w *world) {
			run := func(count int32) error { _, err := w.ec2.RunInstances(t.Context(), runInput(count)); return err }
			wantCode(t, run(1001), "RequestLimitExceeded")
			must(t, run(900))
			wantCode(t, run(101), "RequestLimitExceeded")
			must(t, run(100))
			time.Sleep(time.Second)
			wantCode(t, run(3), "RequestLimitExceeded")
			must(t, run(2))
			equal(t, "instances", len(w.sim.Instances()), 1002)
		}},
		{"a call that misses a token takes none", "Buckets", throttled, func(t *testing.T, w *world) {
			run := func(count int32) error { _, err := w.ec2.RunInstances(t.Context(), runInput(count)); return err }
			for range 10 {
				wantCode(t, run(1001), "RequestLimitExceeded")
			}
			must(t, run(900))
			for range 10 {
				wantCode(t, run(101), "RequestLimitExceeded")
			}
			must(t, run(1))
		}},
		{"far more than there will ever be", "Buckets", func(o *awssim.Options) {
			o.Buckets = awssim.Buckets{awssim.BucketRunInstancesResources: {Burst: 2}}
		}, func(t *testing.T, w *world) {
			for _, count := range []int32{7, 1000, 1 << 30} {
				_, err := w.ec2.RunInstances(t.Context(), runInput(count))
				wantCode(t, err, "RequestLimitExceeded")
			}
		}},
		{"terminations are paid by instance, too", "AWS-FACTS: TerminateInstances 100/5 plus 1,000/20", throttled, func(t *testing.T, w *world) {
			equal(t, "calls for 100", passes(t, func() error { return terminate(100)(t.Context(), w) }), 10)
			time.Sleep(time.Second)
			equal(t, "calls for 10", passes(t, func() error { return terminate(10)(t.Context(), w) }), 2)
		}},
		{"changes are paid one by one", "AWS-FACTS: 1,500 burst, 100/s; CREATE 1, DELETE 1, UPSERT 2", throttled, func(t *testing.T, w *world) {
			equal(t, "creations of 100", passes(t, func() error { return w.changeOf(t.Context(), "CREATE", 100) }), 15)
			time.Sleep(time.Second)
			equal(t, "deletions of 50", passes(t, func() error { return w.changeOf(t.Context(), "DELETE", 50) }), 2)
			time.Sleep(time.Second)
			equal(t, "upserts of 25", passes(t, func() error { return w.changeOf(t.Context(), "UPSERT", 25) }), 2)
		}},
		{"five a second before July 2026", "AWS-FACTS: before: 5 requests/s", func(o *awssim.Options) { o.Buckets = awssim.Route53BucketsBefore() }, func(t *testing.T, w *world) {
			quotas, n := route53Quotas(), 0
			calls := []quota{quotas["GetChange"], quotas["ListHostedZones"]}
			all := func() error { n++; return calls[n%2].call(t.Context(), w) }
			equal(t, "burst of all actions", passes(t, all), 5)
			time.Sleep(2 * time.Second)
			equal(t, "after 2 s", passes(t, all), 5)
			time.Sleep(200 * time.Millisecond)
			equal(t, "after 200 ms", passes(t, all), 1)
			equal(t, "changes are not counted", w.changeOf(t.Context(), "CREATE", 1) != nil, true)
		}},
		{"never refilled", "Bucket.Refill: zero: none ever", func(o *awssim.Options) { o.Buckets = awssim.Buckets{"AllocateAddress": {Burst: 2}} }, func(t *testing.T, w *world) {
			call := func() error { return ec2Quotas()["AllocateAddress"].call(t.Context(), w) }
			equal(t, "at first", passes(t, call), 2)
			time.Sleep(1000 * time.Hour)
			equal(t, "later", passes(t, call), 0)
		}},
		{"off by default", "Options.Buckets", immediate, func(t *testing.T, w *world) {
			equal(t, "passes", passes(t, func() error { return ec2Quotas()["DescribeAddresses"].call(t.Context(), w) }), -1)
		}},
		{"the floor", "AWS-FACTS: N associations take (N-50)/5 s", throttled, func(t *testing.T, w *world) {
			start := time.Now()
			for range 100 {
				for ec2Quotas()["AllocateAddress"].call(t.Context(), w) != nil {
					time.Sleep(200 * time.Millisecond)
				}
			}
			equal(t, "took", time.Since(start), 10*time.Second)
		}},
	})
}

func wantStatus(t *testing.T, err error, status int, code string) {
	t.Helper()
	wantCode(t, err, code)
	var reply *awshttp.ResponseError
	if !errors.As(err, &reply) || reply.HTTPStatusCode() != status {
		t.Errorf("%v, want status %d", err, status)
	}
}
