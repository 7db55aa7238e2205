package dnspolicy_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
)

func ExampleCheckName() {
	fmt.Println(dnspolicy.CheckName("Media-1.Example.com."))
	_, err := dnspolicy.CheckName("media_1.example.com.")
	fmt.Println(err)
	// Output:
	// media-1.example.com. <nil>
	// invalid DNS name: "media_1.example.com.": label "media_1" has the character '_', which is neither letter, digit nor hyphen
}

func ExampleCoveredByWildcard() {
	for _, name := range []string{"i-0abc.example.com.", "203.0.113.7.example.com."} {
		fmt.Println(name, dnspolicy.CoveredByWildcard("example.com.", name))
	}
	// Output:
	// i-0abc.example.com. true
	// 203.0.113.7.example.com. false
}

func sfu(ip string) dnspolicy.RRSet {
	return dnspolicy.RRSet{
		RRKey:  dnspolicy.RRKey{Name: "sfu.example.com.", Type: "A"},
		TTL:    time.Minute,
		Values: []string{ip},
	}
}

// What is there is never overwritten.
func ExampleCreate() {
	ctx := context.Background()
	zone, err := memzone.New("example.com.")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(sfu("203.0.113.7"))})
	fmt.Println(err)
	_, err = zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(sfu("203.0.113.8"))})
	fmt.Println(err)
	// Output:
	// <nil>
	// DNS conflict: sfu.example.com. A: expected nothing to become ["203.0.113.8"] with TTL 1m0s, found ["203.0.113.7"] with TTL 1m0s
}

// Only what is just as it was published is deleted.
func ExampleDelete() {
	ctx := context.Background()
	zone, err := memzone.New("example.com.")
	if err == nil {
		err = zone.Set(sfu("203.0.113.7"))
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(sfu("203.0.113.8"))})
	fmt.Println(errors.Is(err, dnspolicy.ErrConflict))
	_, err = zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Delete(sfu("203.0.113.7"))})
	fmt.Println(err)
	_, err = zone.Lookup(ctx, sfu("").RRKey)
	fmt.Println(errors.Is(err, dnspolicy.ErrNotFound))
	// Output:
	// true
	// <nil>
	// true
}

// Whoever does not know whether a change was made, nor what to wait for, looks and
// publishes again.
func ExampleRepublish() {
	ctx := context.Background()
	zone, err := memzone.New("example.com.")
	if err == nil {
		_, err = zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Create(sfu("203.0.113.7"))}) // and the reply is lost
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	propagation, err := zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Republish(sfu("203.0.113.7"))})
	fmt.Println(propagation != "", err)
	fmt.Println(zone.Wait(ctx, propagation))
	// Output:
	// true <nil>
	// <nil>
}
