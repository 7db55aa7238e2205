package storm

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// How an agent waits: its own defaults.
const (
	lockPause    = time.Second // before the second attempt to get the lock, and half as much again each time
	lockFactor   = 1.5
	lockJitter   = 0.5 // up to so much more, by chance
	lockAttempts = 100
	assignPause  = 5 * time.Minute // after a failure
	assignTries  = 10
)

// ClusterLock is an agent on each worker that takes one lock for the whole
// cluster, a Kubernetes lease, while it looks for a free address and takes it:
// the design of kubeip. The stand-in is kind: the agent runs as soon as the
// worker does, with no boot and no image to pull; the API server takes as long as
// DynamoDB; the lease never runs out under its holder; addresses have no awkward
// order. It makes neither names nor rows, so that a worker counts as usable with
// its address alone.
func ClusterLock() Contender {
	return Contender{Name: "cluster-wide lock", Run: func(ctx context.Context, w *World) error {
		l := &lease{world: w}
		var group sync.WaitGroup
		defer group.Wait()
		stops := map[string]context.CancelFunc{}
		for change := range w.Changes(ctx) {
			switch id := change.InstanceID; change.State {
			case "running":
				ctx, stop := context.WithCancel(ctx)
				stops[id] = stop
				group.Go(func() { newAgent(w, l, id).run(ctx) })
			case "shutting-down":
				stops[id]()
			}
		}
		for _, stop := range stops {
			stop()
		}
		return nil
	}}
}

// lease is the one lock.
type lease struct {
	world *World

	mu     sync.Mutex
	holder string
}

// try takes the lease if nobody has it: one call, and one more to look at it.
func (l *lease) try(ctx context.Context, who string) (bool, error) {
	if err := l.world.Records.write(ctx, "create lease "+who); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holder == "" {
		l.holder = who
	}
	return l.holder == who, nil
}

// release gives it back, even if the agent is being stopped.
func (l *lease) release(ctx context.Context, who string) {
	_ = l.world.Records.write(context.WithoutCancel(ctx), "delete lease "+who) // never fails without a deadline
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holder = ""
}

// agent is what runs on one worker.
type agent struct {
	world      *World
	lease      *lease
	instanceID string
	calls      clients
	random     *rand.Rand
}

func newAgent(w *World, l *lease, instanceID string) *agent {
	g := chance(w.Seed, "agent", instanceID)
	return &agent{world: w, lease: l, instanceID: instanceID, random: g, calls: w.clients(instanceID, goRetryer(chance(w.Seed, "backoff", instanceID)))}
}

func (a *agent) run(ctx context.Context) {
	for range assignTries {
		if a.assignLocked(ctx) == nil || sleep(ctx, assignPause) != nil {
			return
		}
	}
}

// assignLocked assigns an address while it holds the lock.
func (a *agent) assignLocked(ctx context.Context) error {
	if err := a.lock(ctx); err != nil {
		return err
	}
	defer a.lease.release(ctx, a.instanceID)
	return a.assign(ctx)
}

// lock waits for the lock, each time half as long again.
func (a *agent) lock(ctx context.Context) error {
	pause := lockPause
	for range lockAttempts {
		got, err := a.lease.try(ctx, a.instanceID)
		if err != nil || got {
			return err
		}
		jittered := pause + time.Duration(a.random.Float64()*lockJitter*float64(pause))
		if err := sleep(ctx, jittered); err != nil {
			return err
		}
		pause = min(time.Duration(float64(pause)*lockFactor), time.Hour)
	}
	return errors.New("timed out waiting for the lock")
}

// assign tries each free address until one is the worker's.
func (a *agent) assign(ctx context.Context) error {
	held, err := a.list(ctx, "instance-id", a.instanceID)
	if err != nil || len(held) > 0 {
		return err
	}
	free, err := a.list(ctx, "tag:Pool", "byol")
	if err != nil {
		return err
	}
	out, err := a.calls.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{a.instanceID}})
	if err != nil {
		return err
	}
	target := out.Reservations[0].Instances[0].NetworkInterfaces[0].NetworkInterfaceId
	err = errors.New("no available elastic IPs")
	for _, address := range free {
		if address.AssociationId != nil {
			continue
		}
		if err = a.take(ctx, *address.AllocationId, target); err == nil {
			a.world.judge.associated(a.instanceID, *address.AllocationId)
			return nil
		}
	}
	return err
}

// take looks once more whether the address is free, and associates it.
func (a *agent) take(ctx context.Context, allocationID string, interfaceID *string) error {
	found, err := a.list(ctx, "allocation-id", allocationID)
	if err != nil {
		return err
	}
	if len(found) > 0 && found[0].AssociationId != nil {
		return errors.New("already assigned")
	}
	_, err = a.calls.ec2.AssociateAddress(ctx, &ec2.AssociateAddressInput{
		AllocationId: &allocationID, NetworkInterfaceId: interfaceID, AllowReassociation: aws.Bool(false),
	})
	return err
}

func (a *agent) list(ctx context.Context, filter, value string) ([]ec2types.Address, error) {
	out, err := a.calls.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{
		Filters: []ec2types.Filter{{Name: &filter, Values: []string{value}}},
	})
	if err != nil {
		return nil, err
	}
	return out.Addresses, nil
}
