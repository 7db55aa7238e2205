package ec2fleet_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

func ExampleNew() {
	sim := awssim.New()
	ids, err := sim.Launch(awssim.LaunchSpec{Tags: map[string]string{"karpenter.sh/nodepool": "media"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := ec2.New(ec2.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(), // a simulated account instead of AWS
	})

	workers, err := ec2tag.Parse("karpenter.sh/nodepool|karpenter.sh/provisioner-name=media")
	if err != nil {
		fmt.Println(err)
		return
	}
	fleet, err := ec2fleet.New(client, func(o *ec2fleet.Options) { o.Tags = workers })
	if err != nil {
		fmt.Println(err)
		return
	}
	instances, err := fleet.Describe(context.Background(), ids...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range instances {
		fmt.Println(i.State, i.Eligible, i.NetworkBorderGroup)
	}
	// Output: pending true eu-central-1
}
