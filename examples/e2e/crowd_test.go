package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// crowd is how many processes there are, and how many workers; a few addresses
// more could go to the wrong ones.
const (
	crowd          = 32
	crowdAddresses = 40
)

// TestCrowd lets 32 processes bind the same 32 workers at the same time, and
// then again.
func TestCrowd(t *testing.T) {
	began := time.Now()
	program := commandLineFor(t)
	dynoxide := parts.Dynoxide(t)
	sim := simulator(t, func(o *awssim.Options) { o.InsyncAfter, o.AddressQuota = 0, crowdAddresses })
	c := newCloud(t, sim, sim, dynoxide)
	for range crowdAddresses {
		c.allocate(t, pooled)
	}
	machines := make([]machine, crowd)
	for i := range machines {
		machines[i] = c.machine(t)
	}

	runs := c.crowd(t, program, machines)
	asked := c.calls.take()
	t.Logf("%d processes bound %d workers in %d runs and %s; transactions: %d, associations: %d",
		crowd, crowd, runs, time.Since(began).Round(time.Second), asked["TransactWriteItems"], asked["AssociateAddress"])
	c.wantBound(t, machines, 0)
	if asked["AssociateAddress"] < crowd {
		t.Errorf("%d calls of AssociateAddress are too few: are they counted?", asked["AssociateAddress"])
	}

	bound := c.state(t)
	runs = c.crowd(t, program, machines)
	t.Logf("again, in %d runs; %s in all", runs, time.Since(began).Round(time.Second))
	if diff := cmp.Diff(bound, c.state(t)); diff != "" || runs != crowd {
		t.Errorf("the second time takes %d runs, want %d, and changes (-before +after):\n%s", runs, crowd, diff)
	}
	if wrote := c.calls.take(); wrote["AssociateAddress"]+wrote["TransactWriteItems"] > 0 {
		t.Errorf("the second time there is nothing to do, but these are the calls: %v", wrote)
	}
}

// crowd reconciles the workers in as many processes, each in an order of its
// own and until it is done, and returns how often these ran.
func (c *cloud) crowd(t *testing.T, program string, machines []machine) (runs int) {
	t.Helper()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
	)
	for n := range crowd {
		args := []string{"reconcile"}
		for _, i := range rand.New(rand.NewPCG(1, uint64(n))).Perm(len(machines)) {
			args = append(args, machines[i].instanceID)
		}
		group.Go(func() {
			ran, err := c.untilDone(t, program, args)
			mu.Lock()
			defer mu.Unlock()
			if runs += ran; err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	return runs
}

// untilDone runs the command line as often as it says that there is more to do.
// Nobody dies here, so that it comes back sooner than it is told: no lease has
// to run out.
func (c *cloud) untilDone(t *testing.T, program string, args []string) (runs int, err error) {
	for deadline := time.Now().Add(2 * timeout); time.Now().Before(deadline); {
		p := newProcess(t.Context(), program, c.settings(), args...)
		if err := p.cmd.Start(); err != nil {
			return runs, err
		}
		runs++
		done, retryAfter, err := p.wait()
		if done || err != nil {
			return runs, err
		}
		time.Sleep(min(retryAfter, time.Second))
	}
	return runs, fmt.Errorf("%s is not done after %d runs", args, runs)
}
