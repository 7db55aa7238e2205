// Package deployment is the configuration that the examples share: which zones,
// pools, workers and tables a Binder works with, read from a file with profiles
// or from environment variables, and the Binder on AWS that follows from it, or
// the Mux, if there are several profiles:
//
//	config, err := deployment.FromEnv(os.Getenv)
//	if err != nil {
//		return err
//	}
//	records, err := deployment.DynamoStore(config, awsConfig)
//	if err != nil {
//		return err
//	}
//	b, err := deployment.Build(config, awsConfig, records)
//
// It has no state: everything may be called from several goroutines.
package deployment

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/pacing"
	"github.com/eipbinder/eipbinder/store"
)

// Binder is a *binder.Binder or a *binder.Mux.
type Binder interface {
	Checker
	Batches
	Singles
	StartsHidden() bool
}

// Batches are a Binder's verbs for many instances, or names.
type Batches interface {
	Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error)
	Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error)
	Prewarm(ctx context.Context) (published int, err error)
	Adopt(ctx context.Context, optFns ...func(*binder.AdoptOptions)) (binder.Adoption, error)
}

// Singles are a Binder's verbs for one instance.
type Singles interface {
	Bind(ctx context.Context, id string) (binder.Outcome, error)
	Unbind(ctx context.Context, id string, optFns ...func(*binder.UnbindOptions)) (binder.Outcome, error)
	Drain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
	Undrain(ctx context.Context, id string, optFns ...func(*binder.DrainOptions)) (binder.Outcome, error)
}

var (
	_ Binder = (*binder.Binder)(nil)
	_ Binder = (*binder.Mux)(nil)
)

// Build returns what serves the profiles of the configuration, on clients made
// from the AWS configuration. They share one pace, so build once in a process.
// It does no I/O. The option functions come after those of each profile; the
// Logger that they set is also the Mux's.
func Build(c Config, aws aws.Config, records store.Store, optFns ...func(*binder.Options)) (Binder, error) {
	if aws.Region == "" {
		return nil, errors.New("AWS_REGION: is not set: set it to the Region of the instances, such as eu-central-1")
	}
	pacer, err := c.Pace.pacer()
	if err != nil {
		return nil, err
	}
	a := account{
		pace: c.Pace, pacer: pacer,
		compute: ec2.NewFromConfig(aws, func(o *ec2.Options) { o.Retryer = pacer.Retryer(o.Retryer) }),
		dns:     route53.NewFromConfig(aws, func(o *route53.Options) { o.Retryer = pacer.Retryer(o.Retryer) }),
	}
	zones, err := a.zones(c.Profiles)
	if err != nil {
		return nil, err
	}
	var all workers
	var profiles []binder.Profile
	for _, p := range c.Profiles {
		pool, err := a.pool(p)
		if err != nil {
			return nil, err
		}
		fleet, err := ec2fleet.New(a.compute, func(o *ec2fleet.Options) { o.Tags = p.InstanceTags })
		if err != nil {
			return nil, err
		}
		all = append(all, part{fleet, p.InstanceTags})
		profiles = append(profiles, binder.Profile{
			Name: p.Name, Instances: p.InstanceTags,
			Backends: binder.Backends{Pool: pool, Policy: p.Policy, Zone: zones[p.HostedZoneID], Store: records},
			Options:  append([]func(*binder.Options){p.options}, optFns...),
		})
	}
	return serve(all, profiles, optFns)
}

// account is what all profiles share.
type account struct {
	pace    Pace
	pacer   *pacing.Pacer
	compute *ec2.Client
	dns     *route53.Client
}

func (a account) pool(p Profile) (*ec2pool.Pool, error) {
	return ec2pool.New(a.compute, func(o *ec2pool.Options) {
		o.Tags, o.Turns = p.PoolTags, a.pacer
	})
}

// zones makes each zone once: only then do profiles share its requests.
func (a account) zones(profiles []Profile) (map[string]dnspolicy.Zone, error) {
	zones, options := map[string]dnspolicy.Zone{}, a.pace.zone()
	for _, p := range profiles {
		if zones[p.HostedZoneID] != nil {
			continue
		}
		zone, err := route53zone.New(a.dns, p.HostedZoneID, options)
		if err != nil {
			return nil, err
		}
		zones[p.HostedZoneID] = zone
	}
	return zones, nil
}

// serve makes a Binder of one profile, and a Mux of more.
func serve(fleet workers, profiles []binder.Profile, optFns []func(*binder.Options)) (Binder, error) {
	if len(profiles) == 1 {
		backends := profiles[0].Backends
		backends.Fleet = fleet[0].Fleet
		b, err := binder.New(backends, profiles[0].Options...)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	m, err := binder.NewMux(fleet, profiles, func(o *binder.MuxOptions) {
		given := binder.Options{Logger: o.Logger}
		for _, fn := range optFns {
			fn(&given)
		}
		o.Logger = given.Logger
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (p Profile) options(o *binder.Options) {
	o.Suffix = p.Suffix
	o.BinderID = p.BinderID
	o.TTL = p.TTL
	o.CoolDown = p.CoolDown
	o.StopGrace = p.StopGrace
	o.Lease = p.Lease
	o.LateCalls = p.LateCalls
	o.ConfirmAfter = p.ConfirmAfter
	o.KeepNames = p.KeepNames
	o.CoveredByWildcard = p.CoveredByWildcard
	o.ReverseNames = p.ReverseNames
	o.RecordTags = p.RecordTags
	o.BlastRadius = p.BlastRadius
	o.DNSWait = p.DNSWait
	o.Concurrency = p.Concurrency
}
