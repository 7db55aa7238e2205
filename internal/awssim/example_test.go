package awssim_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func ExampleNew() {
	sim := awssim.New(func(o *awssim.Options) { o.PendingFor = 0 })
	client := newEC2(sim)
	ids, err := sim.Launch(awssim.LaunchSpec{Tags: map[string]string{"karpenter.sh/nodepool": "media"}})
	if err != nil {
		panic(err)
	}
	allocated, err := client.AllocateAddress(context.Background(), &ec2.AllocateAddressInput{})
	if err != nil {
		panic(err)
	}
	_, err = client.AssociateAddress(context.Background(), &ec2.AssociateAddressInput{
		AllocationId:       allocated.AllocationId,
		NetworkInterfaceId: aws.String(sim.Instances()[0].Interfaces[0].ID),
		AllowReassociation: aws.Bool(false),
	})
	if err != nil {
		panic(err)
	}
	held := sim.Addresses()[0]
	fmt.Println(held.IP, held.InstanceID == ids[0])
	// Output: 203.0.113.1 true
}

func ExampleSim_HTTPClient() {
	sim := awssim.New()
	r := httptest.NewRequest(http.MethodPost, "https://ec2.eu-central-1.amazonaws.com/", http.NoBody)
	reply, err := sim.HTTPClient().Do(r)
	if err != nil {
		panic(err)
	}
	fmt.Println(reply.Status)
	// Output: 403 Forbidden
}
