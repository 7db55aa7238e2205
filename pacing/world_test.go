package pacing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/pacing"
)

const associate = "AssociateAddress"

// world is a simulated account with AWS's limits and latencies, in which free
// addresses and running instances wait in pairs.
type world struct {
	*testing.T
	sim   *awssim.Sim
	pairs []pair
	start time.Time // after the instances run; all buckets are full
}

type pair struct{ address, networkInterface string }

func newWorld(t *testing.T, pairs int, optFns ...func(*awssim.Options)) *world {
	t.Helper()
	w := &world{T: t, sim: awssim.New(append([]func(*awssim.Options){awssim.AWSLatency, func(o *awssim.Options) {
		o.AddressQuota = pairs
		o.Buckets = awssim.EC2Buckets().With(awssim.Route53Buckets())
	}}, optFns...)...)}
	if _, err := w.sim.Launch(awssim.LaunchSpec{Count: max(pairs, 1)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	for _, i := range w.sim.Instances()[:pairs] {
		id, err := w.sim.Allocate("", nil)
		if err != nil {
			t.Fatal(err)
		}
		w.pairs = append(w.pairs, pair{id, i.Interfaces[0].ID})
	}
	w.start = time.Now()
	return w
}

func (w *world) elapsed() time.Duration { return time.Since(w.start) }

// take returns the next n pairs.
func (w *world) take(n int) []pair {
	taken := w.pairs[:n]
	w.pairs = w.pairs[n:]
	return taken
}

// process is one program with its clients and its Pacer.
type process struct {
	*world
	pacer  *pacing.Pacer
	client *ec2.Client

	mu   sync.Mutex
	done []time.Duration // when its calls have succeeded
}

func (w *world) process(optFns ...func(*pacing.Options)) *process {
	w.Helper()
	pacer, err := pacing.New(optFns...)
	if err != nil {
		w.Fatal(err)
	}
	return &process{world: w, pacer: pacer, client: newEC2(w.sim, pacer)}
}

func newEC2(sim *awssim.Sim, pacer *pacing.Pacer) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(),
	}, func(o *ec2.Options) { o.Retryer = pacer.Retryer(o.Retryer) })
}

func (p *process) associate(ctx context.Context, one pair) error {
	_, err := p.client.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: &one.address, NetworkInterfaceId: &one.networkInterface, AllowReassociation: aws.Bool(false)})
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.done = append(p.done, p.elapsed())
	}
	return err
}

// count is how many of the process's calls have succeeded.
func (p *process) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.done)
}

// storm makes the calls all at once, and fails the test if one fails.
func (p *process) storm(group *sync.WaitGroup, pairs []pair) {
	for _, one := range pairs {
		group.Go(func() {
			if err := p.associate(p.Context(), one); err != nil {
				p.Error(err)
			}
		})
	}
}

// last returns when the last of the process's calls has succeeded.
func (p *process) last() time.Duration { return p.done[len(p.done)-1] }

// before returns how many of the process's calls had succeeded by then.
func (p *process) before(at time.Duration) int {
	n := 0
	for _, d := range p.done {
		if d <= at {
			n++
		}
	}
	return n
}

// floor is the least time that so many associations take from a full bucket.
func floor(calls int) time.Duration { return time.Duration(calls-50) * time.Second / 5 }

func (w *world) within(what string, got, least, most float64) {
	w.Helper()
	if got < least || got > most {
		w.Errorf("%s: %.3f, want %.3f to %.3f", what, got, least, most)
	}
}
