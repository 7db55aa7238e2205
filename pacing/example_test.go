package pacing_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/pacing"
)

func ExampleNew() {
	pacer, err := pacing.New(func(o *pacing.Options) {
		o.Limits["AssociateAddress"] = pacing.Limit{Burst: 100, Refill: 10} // AWS has raised ours
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := newEC2(awssim.New(), pacer) // with o.Retryer = pacer.Retryer(o.Retryer)
	for range 3 {
		if _, err := client.DescribeAddresses(context.Background(), &ec2.DescribeAddressesInput{}); err != nil {
			fmt.Println(err)
			return
		}
	}
	seen := pacer.Stats()
	fmt.Println(seen["DescribeAddresses"].Attempts, seen["AssociateAddress"].Rate)
	// Output: 3 10
}

func ExamplePacer_Turn() {
	pacer, err := pacing.New(func(o *pacing.Options) {
		o.Limits["AssociateAddress"] = pacing.Limit{Burst: 1, Refill: 0.01}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for range 2 {
		_, done, err := pacer.Turn(ctx, "AssociateAddress")
		if late := new(pacing.LateError); errors.As(err, &late) {
			fmt.Println("later:", late.RetryAfter().Round(time.Minute))
			continue
		}
		defer done()
		fmt.Println("now: take the lease, then call under the context that Turn returned")
	}
	// Output:
	// now: take the lease, then call under the context that Turn returned
	// later: 2m0s
}

func ExampleDefaultLimits() {
	limits := pacing.DefaultLimits()
	for _, action := range []string{"AssociateAddress", "DescribeAddresses", "ChangeResourceRecordSets"} {
		fmt.Printf("%s: %d in a burst, then %g a second\n", action, limits[action].Burst, limits[action].Refill)
	}
	_, paced := limits["RunInstances"]
	fmt.Println(paced)
	// Output:
	// AssociateAddress: 50 in a burst, then 5 a second
	// DescribeAddresses: 100 in a burst, then 20 a second
	// ChangeResourceRecordSets: 50 in a burst, then 10 a second
	// false
}
