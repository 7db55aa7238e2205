package ec2pool_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

func ExampleNew() {
	sim := awssim.New()
	for _, pool := range []string{"media", "media", "other"} {
		if _, err := sim.Allocate("", map[string]string{"Pool": pool}); err != nil {
			fmt.Println(err)
			return
		}
	}
	client := ec2.New(ec2.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(), // a simulated account instead of AWS
	})

	media, err := ec2tag.Parse("Pool=media")
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := ec2pool.New(client, func(o *ec2pool.Options) { o.Tags = media })
	if err != nil {
		fmt.Println(err)
		return
	}
	addresses, err := pool.List(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range addresses {
		fmt.Println(a.IP, a.NetworkBorderGroup, a.Associated())
	}
	// Output:
	// 203.0.113.1 eu-central-1 false
	// 203.0.113.2 eu-central-1 false
}
