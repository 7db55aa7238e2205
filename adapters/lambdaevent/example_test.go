package lambdaevent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store/memstore"
)

func ExampleNew() {
	pool := mempool.New()
	pool.Add(eippool.Address{AllocationID: "eipalloc-0a", IP: netip.MustParseAddr("203.0.113.7")})
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	fleet.Launch(binder.Instance{ID: "i-0123456789abcdef0", State: binder.Running})
	zone, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := binder.New(binder.Backends{
		Fleet: fleet, Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: memstore.New(),
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		fmt.Println(err)
		return
	}

	handler := lambdaevent.New(b) // in a function's main: lambda.Start(handler)
	answer, err := handler.Handle(context.Background(), json.RawMessage(`{
		"version": "0",
		"id": "7bf73129-1428-4cd3-a780-95db273d1602",
		"detail-type": "EC2 Instance State-change Notification",
		"source": "aws.ec2",
		"account": "123456789012",
		"time": "2026-11-11T21:29:54Z",
		"region": "eu-central-1",
		"resources": ["arn:aws:ec2:eu-central-1:123456789012:instance/i-0123456789abcdef0"],
		"detail": {"instance-id": "i-0123456789abcdef0", "state": "running"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(text))
	// Output:
	// {
	//   "outcomes": [
	//     {
	//       "instanceId": "i-0123456789abcdef0",
	//       "status": "bound",
	//       "allocationId": "eipalloc-0a",
	//       "ip": "203.0.113.7",
	//       "name": "ip-203-0-113-7.media.example.com."
	//     }
	//   ],
	//   "failed": 0
	// }
}
