package eipbinder_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/pacing"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// newBinder composes a binder on AWS. It makes no call yet.
func newBinder(cfg aws.Config) (*binder.Binder, error) {
	pacer, err := pacing.New() // one for all clients of an account and Region
	if err != nil {
		return nil, err
	}
	compute := ec2.NewFromConfig(cfg, func(o *ec2.Options) { o.Retryer = pacer.Retryer(o.Retryer) })
	dns := route53.NewFromConfig(cfg, func(o *route53.Options) { o.Retryer = pacer.Retryer(o.Retryer) })
	fleet, err := ec2fleet.New(compute, func(o *ec2fleet.Options) {
		o.Tags = ec2tag.Selector{ec2tag.Key("karpenter.sh/nodepool", "media")}
	})
	if err != nil {
		return nil, err
	}
	pool, err := ec2pool.New(compute, func(o *ec2pool.Options) {
		o.Tags, o.Turns = ec2tag.Selector{ec2tag.Key("Pool", "media")}, pacer
	})
	if err != nil {
		return nil, err
	}
	zone, err := route53zone.New(dns, "Z0123456789ABCDEFGHIJ")
	if err != nil {
		return nil, err
	}
	records, err := dynamostore.New(dynamodb.NewFromConfig(cfg))
	if err != nil {
		return nil, err
	}
	return binder.New(binder.Backends{
		Fleet: fleet, Pool: pool, Policy: dnspolicy.InstanceID(), Zone: zone, Store: records,
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
}

func Example() {
	b, err := newBinder(aws.Config{Region: "eu-central-1"})
	fmt.Println(b != nil, err)
	// Output: true <nil>
}
