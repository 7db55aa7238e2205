package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/pacing"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// The shortened times.
const (
	pending      = time.Second
	shuttingDown = 2500 * time.Millisecond
	insync       = time.Second
	ttl          = time.Second
	coolDown     = 3 * time.Second
	lateCalls    = 2 * time.Second
	redelivery   = time.Second
	sweepEvery   = 2 * time.Second
)

const suffix = "media.example.com"

// world is the simulated account and the binder that works on it.
type world struct {
	sim     *awssim.Sim
	zoneID  string
	records *memstore.Store
	binder  *binder.Binder
}

func poolTags() ec2tag.Selector { return ec2tag.Selector{ec2tag.Key("Pool", "media")} }
func workerTags() ec2tag.Selector {
	return ec2tag.Selector{ec2tag.Key("karpenter.sh/nodepool", "media")}
}

// newWorld makes an account with the pool and the zone.
func newWorld(observer binder.Observer) (*world, error) {
	w := &world{
		sim: awssim.New(func(o *awssim.Options) {
			o.AddressQuota = addresses
			o.PendingFor, o.ShuttingDownFor, o.InsyncAfter = pending, shuttingDown, insync
			o.Latency = latency
		}),
		records: memstore.New(),
	}
	for range addresses {
		if _, err := w.sim.Allocate("", poolTags().Tags()); err != nil {
			return nil, fmt.Errorf("allocate an address: %w", err)
		}
	}
	var err error
	if w.zoneID, err = w.sim.CreateZone(suffix); err != nil {
		return nil, fmt.Errorf("create the zone: %w", err)
	}
	w.binder, err = w.newBinder(observer)
	return w, err
}

// newBinder composes the binder as a deployment does, but for the store and
// the times.
func (w *world) newBinder(observer binder.Observer) (*binder.Binder, error) {
	identity := credentials.NewStaticCredentialsProvider("demo", "demo", "")
	pacer, err := pacing.New()
	if err != nil {
		return nil, err
	}
	paced := pacer.Retryer(nil)
	compute := ec2.New(ec2.Options{Region: w.sim.Region(), Credentials: identity, HTTPClient: w.sim.HTTPClient(), Retryer: paced})
	dns := route53.New(route53.Options{Region: w.sim.Region(), Credentials: identity, HTTPClient: w.sim.HTTPClient(), Retryer: paced})
	pool, err := ec2pool.New(compute, func(o *ec2pool.Options) { o.Tags, o.Turns = poolTags(), pacer })
	if err != nil {
		return nil, err
	}
	fleet, err := ec2fleet.New(compute, func(o *ec2fleet.Options) { o.Tags = workerTags() })
	if err != nil {
		return nil, err
	}
	zone, err := route53zone.New(dns, w.zoneID, func(o *route53zone.Options) { o.PollInterval = insync / 4 })
	if err != nil {
		return nil, err
	}
	policy := dnspolicy.PerAddress(dnspolicy.DashedIP())
	return binder.New(binder.Backends{Fleet: fleet, Pool: pool, Policy: policy, Zone: zone, Store: w.records}, func(o *binder.Options) {
		o.Suffix, o.BinderID, o.Observer = suffix, "demo", observer
		o.TTL, o.CoolDown, o.LateCalls = ttl, coolDown, lateCalls
	})
}

// latency is what calls usually take: EC2 30–150 ms, Route 53 80–250 ms.
func latency(action string) time.Duration {
	shortest, longest := 30*time.Millisecond, 150*time.Millisecond
	switch action {
	case "ChangeResourceRecordSets", "ListResourceRecordSets", "GetChange", "GetHostedZone":
		shortest, longest = 80*time.Millisecond, 250*time.Millisecond
	}
	return shortest + rand.N(longest-shortest)
}

func (w *world) launch(count int) error {
	_, err := w.sim.Launch(awssim.LaunchSpec{Count: count, Tags: workerTags().Tags()})
	return err
}

// load returns all records.
func (w *world) load(ctx context.Context) ([]store.Record, error) {
	var all []store.Record
	for r, err := range w.records.List(ctx, store.Filter{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// reached reports whether there are so many records that schedule servers see,
// and so many free ones.
func (w *world) reached(ctx context.Context, bound, free int) bool {
	records, err := w.load(ctx)
	if err != nil {
		return false
	}
	for _, r := range records {
		switch {
		case r.Visible():
			bound--
		case r.Phase == store.Free:
			free--
		}
	}
	return bound == 0 && free == 0
}

// terminate ends the first workers that are bound, in the order of their launch.
func (w *world) terminate(ctx context.Context, count int) error {
	records, err := w.load(ctx)
	if err != nil {
		return err
	}
	var ids []string
	for _, i := range w.sim.Instances() {
		isBound := slices.ContainsFunc(records, func(r store.Record) bool { return r.Visible() && r.InstanceID == i.ID })
		if isBound && len(ids) < count {
			ids = append(ids, i.ID)
		}
	}
	return w.sim.Terminate(ids...)
}
