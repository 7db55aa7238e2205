package zonetest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/dnspolicy/zonetest"
)

// The reply of the first Apply is lost; repeated, it finds its own record set.
func ExampleIntercept() {
	inner, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	lost := errors.New("connection reset by peer")
	zone := zonetest.Intercept(inner, func(_ context.Context, call string, do func() error) error {
		err := do()
		if call == "Apply" && lost != nil {
			err, lost = lost, nil // the first reply
		}
		return err
	})
	set := dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: "media-1.example.com.", Type: "A"},
		TTL:    time.Minute,
		Values: []string{"203.0.113.7"},
	}
	for range 2 {
		_, err := zone.Apply(context.Background(), []dnspolicy.Change{dnspolicy.Create(set)})
		fmt.Println(err)
	}
	// Output:
	// connection reset by peer
	// DNS conflict: media-1.example.com. A: expected nothing to become ["203.0.113.7"] with TTL 1m0s, found ["203.0.113.7"] with TTL 1m0s
}
