package awssim_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// contend runs f n times at once and returns how many had no error.
func contend(n int, f func(i int) error) int {
	var wins atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if f(i) == nil {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	return int(wins.Load())
}

func immediate(o *awssim.Options) { o.PendingFor, o.ShuttingDownFor, o.AddressQuota = 0, 0, 100 }

func TestOneWinnerOfAnAddress(t *testing.T) {
	w := newWorld(t, immediate)
	a := w.allocate()
	ids, err := w.sim.Launch(awssim.LaunchSpec{Count: 32})
	must(t, err)
	instances := w.sim.Instances()
	wins := contend(len(ids), func(i int) error {
		_, err := w.associate(a, instances[i].Interfaces[0].ID, aws.Bool(false))
		return err
	})
	equal(t, "winners", wins, 1)
}

func TestOneHolderOfAnInterface(t *testing.T) {
	w := newWorld(t, immediate)
	for range 32 {
		w.allocate()
	}
	_, err := w.sim.Launch(awssim.LaunchSpec{})
	must(t, err)
	eni, addresses := w.sim.Instances()[0].Interfaces[0].ID, w.sim.Addresses()
	wins := contend(len(addresses), func(i int) error {
		_, err := w.associate(addresses[i].AllocationID, eni, aws.Bool(false))
		return err
	})
	equal(t, "calls without error", wins, 32)
	held := 0
	for _, a := range w.sim.Addresses() {
		if a.NetworkInterfaceID == eni {
			held++
		}
	}
	equal(t, "addresses that were not displaced", held, 1)
}

func TestOneCreatorOfAName(t *testing.T) {
	w := newWorld(t, immediate)
	zone := w.zone()
	wins := contend(32, func(i int) error {
		_, err := w.change(zone, create(record("a.example.com", "A", 60, fmt.Sprintf("192.0.2.%d", i))))
		return err
	})
	equal(t, "winners", wins, 1)
	equal(t, "record sets", len(w.names(zone)), 1)
}
