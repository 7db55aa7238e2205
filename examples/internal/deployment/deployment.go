// Package deployment is the configuration that the examples share: which zone,
// pool, fleet and tables a Binder works with, read from environment variables,
// and the Binder on AWS that follows from it:
//
//	config, err := deployment.FromEnv(os.Getenv)
//	if err != nil {
//		return err
//	}
//	b, records, err := deployment.Build(config, awsConfig)
//
// It has no state: everything may be called from several goroutines.
package deployment

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// Build returns the Binder of the configuration, and its store, on clients made
// from the AWS configuration. It does no I/O. The option functions come after
// those of the configuration.
func Build(c Config, aws aws.Config, optFns ...func(*binder.Options)) (*binder.Binder, *dynamostore.Store, error) {
	if aws.Region == "" {
		return nil, nil, errors.New("AWS_REGION: is not set: set it to the Region of the instances, such as eu-central-1")
	}
	compute := ec2.NewFromConfig(aws)
	pool, err := ec2pool.New(compute, func(o *ec2pool.Options) { o.Tags = c.PoolTags })
	if err != nil {
		return nil, nil, err
	}
	fleet, err := ec2fleet.New(compute, func(o *ec2fleet.Options) { o.Tags = c.InstanceTags })
	if err != nil {
		return nil, nil, err
	}
	zone, err := route53zone.New(route53.NewFromConfig(aws), c.HostedZoneID)
	if err != nil {
		return nil, nil, err
	}
	records, err := dynamostore.New(dynamodb.NewFromConfig(aws), func(o *dynamostore.Options) {
		o.RecordTable, o.BindingTable = c.RecordTable, c.BindingTable
	})
	if err != nil {
		return nil, nil, err
	}
	backends := binder.Backends{Fleet: fleet, Pool: pool, Policy: c.Policy, Zone: zone, Store: records}
	b, err := binder.New(backends, append([]func(*binder.Options){c.options}, optFns...)...)
	return b, records, err
}

func (c Config) options(o *binder.Options) {
	o.Suffix = c.Suffix
	o.BinderID = c.BinderID
	o.TTL = c.TTL
	o.CoolDown = c.CoolDown
	o.StopGrace = c.StopGrace
	o.Lease = c.Lease
	o.LateCalls = c.LateCalls
	o.ConfirmAfter = c.ConfirmAfter
	o.KeepNames = c.KeepNames
	o.RecordTags = c.RecordTags
}
