package pooltest_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/eippool/pooltest"
)

// The reply of the first Associate is lost; Lookup tells what became of it.
func ExampleIntercept() {
	ctx := context.Background()
	inner := mempool.New()
	address := inner.Add(eippool.Address{IP: netip.MustParseAddr("203.0.113.7")})
	target := eippool.Target{InstanceID: "i-1", NetworkInterfaceID: "eni-1"}
	inner.SetTarget(target, mempool.Running)

	pool := pooltest.Intercept(inner, func(_ context.Context, call string, do func() error) error {
		err := do()
		if call == "Associate" && err == nil {
			err = errors.New("connection reset by peer")
		}
		return err
	})
	_, err := pool.Associate(ctx, address.AllocationID, target)
	fmt.Println(err)
	found, err := pool.Lookup(ctx, address.AllocationID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0].IP, found[0].HeldBy(target))
	// Output:
	// connection reset by peer
	// 203.0.113.7 true
}
