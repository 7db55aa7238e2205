package storm

import (
	"fmt"

	"golang.org/x/time/rate"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/pacing"
)

// Naming is how this module's contenders name workers.
type Naming string

// The ways.
const (
	// ByInstance publishes a name for each worker when it has its address.
	ByInstance Naming = "instance names"
	// Prewarmed publishes a name for each address, before any worker exists.
	Prewarmed Naming = "prewarmed names"
)

func (n Naming) policy() dnspolicy.Policy {
	if n == Prewarmed {
		return dnspolicy.PerAddress(dnspolicy.DashedIP())
	}
	return dnspolicy.InstanceID()
}

// contender is one of this module's.
func (n Naming) contender(how string) Contender {
	c := Contender{Name: how + ", " + string(n), PerAddress: n == Prewarmed}
	if n == Prewarmed {
		c.Prepare = prewarm
	}
	return c
}

// newBinder returns a Binder with clients of its own, as a process of this name
// has it.
func (w *World) newBinder(process string, n Naming, s settings) (*binder.Binder, error) {
	pacer, err := pacing.New(func(o *pacing.Options) { o.Share = s.share })
	if err != nil {
		return nil, err
	}
	calls := w.clients(process, pacer.Retryer(goRetryer(chance(w.Seed, "backoff", process))))
	selector, err := ec2tag.Parse("Pool=byol,App=streaming")
	if err != nil {
		return nil, err
	}
	workers, err := ec2tag.Parse("karpenter.sh/nodepool=media")
	if err != nil {
		return nil, err
	}
	pool, err := ec2pool.New(calls.ec2, func(o *ec2pool.Options) { o.Tags, o.Turns = selector, pacer })
	if err != nil {
		return nil, err
	}
	fleet, err := ec2fleet.New(calls.ec2, func(o *ec2fleet.Options) { o.Tags = workers })
	if err != nil {
		return nil, err
	}
	zone, err := route53zone.New(calls.route53, w.ZoneID, func(o *route53zone.Options) {
		o.Linger, o.FirstLook, o.PollInterval = s.linger, s.firstLook, s.poll
		o.ChangeTokens = rate.NewLimiter(rate.Limit(100*s.share), int(1500*s.share))
	})
	if err != nil {
		return nil, err
	}
	backends := binder.Backends{Fleet: fleet, Pool: pool, Policy: n.policy(), Zone: zone, Store: w.Records}
	b, err := binder.New(backends, func(o *binder.Options) {
		o.Suffix, o.KeepNames, o.DNSWait = suffix, n == Prewarmed, s.dnsWait
	})
	if err != nil {
		return nil, fmt.Errorf("process %s: %w", process, err)
	}
	return b, nil
}
