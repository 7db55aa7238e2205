package route53zone_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/route53zone"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

func ExampleNew() {
	ctx := context.Background()
	sim := awssim.New(func(o *awssim.Options) { o.InsyncAfter = 0 })
	zoneID, err := sim.CreateZone("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := route53.New(route53.Options{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(), // a simulated account instead of AWS
	})

	zone, err := route53zone.New(client, zoneID)
	if err != nil {
		fmt.Println(err)
		return
	}
	set := dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: "media-1.example.com.", Type: "A"},
		TTL:    time.Minute,
		Values: []string{"203.0.113.7"},
	}
	change, err := zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(set)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("on all servers:", zone.Wait(ctx, change) == nil)

	_, err = zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(set)})
	fmt.Println("taken:", errors.Is(err, dnspolicy.ErrConflict))
	// Output:
	// on all servers: true
	// taken: true
}
