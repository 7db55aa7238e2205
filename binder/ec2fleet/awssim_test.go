package ec2fleet_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/binder/fleettest"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

var (
	workerTags = map[string]string{"karpenter.sh/nodepool": "media", "App": "streaming"}
	legacyTags = map[string]string{"karpenter.sh/provisioner-name": "media", "App": "streaming"}
	otherTags  = map[string]string{"karpenter.sh/nodepool": "batch", "App": "streaming"}
)

func newClient(sim *awssim.Sim) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(),
	})
}

func launch(t *testing.T, sim *awssim.Sim, spec awssim.LaunchSpec) []string {
	t.Helper()
	ids, err := sim.Launch(spec)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestLifeOverAwssim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New()
		fleet := newFleet(t, newClient(sim))
		describe := func(id string) binder.Instance {
			got, err := fleet.Describe(t.Context(), id, "i-0123456789abcdef0", "malformed", "*")
			if err != nil || len(got) != 1 {
				t.Fatalf("Describe = %v, %v, want only %s", got, err, id)
			}
			return got[0]
		}
		id := launch(t, sim, awssim.LaunchSpec{Tags: workerTags, Zone: "eu-central-1b", Interfaces: 2})[0]
		primary := sim.Instances()[0].Interfaces[0]

		i := describe(id)
		if i.State != binder.Pending || !i.Eligible || i.NetworkInterfaceID != primary.ID || i.PrivateIP != primary.PrivateIPs[0] {
			t.Errorf("pending: %+v, want the interface %+v", i, primary)
		}
		if i.NetworkBorderGroup != "eu-central-1" || i.AvailabilityZone != "eu-central-1b" || i.LaunchedAt.IsZero() || i.Type == "" {
			t.Errorf("pending: %+v", i)
		}

		time.Sleep(time.Minute)
		if i := describe(id); i.State != binder.Running || i.ElasticIP.IsValid() {
			t.Errorf("running, without an Elastic IP: %+v", i)
		}

		allocation, err := sim.Allocate("", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sim.Associate(allocation, primary.ID); err != nil {
			t.Fatal(err)
		}
		if i := describe(id); i.ElasticIP != sim.Addresses()[0].IP {
			t.Errorf("with an Elastic IP: %+v, want %v", i, sim.Addresses()[0].IP)
		}

		if err := sim.Terminate(id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if i := describe(id); i.State != binder.Terminated || i.NetworkInterfaceID != "" || i.ElasticIP.IsValid() {
			t.Errorf("terminated: %+v", i)
		}
		if got, err := collect(t.Context(), fleet); err != nil || len(got) != 1 {
			t.Errorf("List = %v, %v, want the terminated instance", got, err)
		}
	})
}

func TestAutoAssignedAddressIsNoElasticIP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := awssim.New()
		id := launch(t, sim, awssim.LaunchSpec{Tags: workerTags})[0]
		time.Sleep(time.Minute)
		if !sim.Instances()[0].Interfaces[0].AutoAssignedIP.IsValid() {
			t.Fatal("the instance has no auto-assigned address")
		}
		got, err := newFleet(t, newClient(sim)).Describe(t.Context(), id)
		if err != nil || len(got) != 1 || got[0].ElasticIP.IsValid() {
			t.Errorf("Describe = %+v, %v", got, err)
		}
	})
}

// smallPages is a client that makes the pages small.
type smallPages struct{ *ec2.Client }

func (c smallPages) DescribeInstances(ctx context.Context, in *ec2.DescribeInstancesInput, optFns ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	page := *in
	page.MaxResults = aws.Int32(10)
	return c.Client.DescribeInstances(ctx, &page, optFns...)
}

// account is a simulated AWS account.
type account struct {
	*testing.T
	sim *awssim.Sim
}

func (a account) fixture(client ec2fleet.Client) fleettest.Fixture {
	return fleettest.Fixture{
		Fleet:        newFleet(a.T, client),
		Launch:       a.launch,
		Associate:    a.associate,
		LaunchPublic: a.launchPublic,
	}
}

// launch starts an instance of two interfaces and waits for the state.
func (a account) launch(state binder.State, eligible bool) binder.Instance {
	a.Helper()
	tags := otherTags
	if eligible {
		tags = workerTags
	}
	id := launch(a.T, a.sim, awssim.LaunchSpec{Tags: tags, Interfaces: 2})[0]
	a.reach(id, state)
	i := a.instance(id)
	launched := binder.Instance{
		ID: id, AvailabilityZone: i.Zone, NetworkBorderGroup: a.sim.Region(), Type: i.Type, LaunchedAt: i.LaunchedAt, Tags: i.Tags,
	}
	if len(i.Interfaces) > 0 {
		launched.NetworkInterfaceID, launched.PrivateIP = i.Interfaces[0].ID, i.Interfaces[0].PrivateIPs[0]
	}
	return launched
}

// reach brings an instance that has just been launched into the state.
func (a account) reach(id string, state binder.State) {
	a.Helper()
	var err error
	switch state {
	case binder.Stopping, binder.Stopped:
		a.reach(id, binder.Running)
		err = a.sim.Stop(id)
	case binder.ShuttingDown, binder.Terminated:
		err = a.sim.Terminate(id)
	}
	if err != nil {
		a.Fatal(err)
	}
	for binder.State(a.instance(id).State) != state {
		time.Sleep(5 * time.Second) // which states take that pass
	}
}

func (a account) associate(id string) netip.Addr {
	a.Helper()
	allocation, err := a.sim.Allocate("", nil)
	if err != nil {
		a.Fatal(err)
	}
	if _, err := a.sim.Associate(allocation, a.instance(id).Interfaces[0].ID); err != nil {
		a.Fatal(err)
	}
	address, _ := a.sim.Address(allocation)
	return address.IP
}

// launchPublic starts an instance of one interface: EC2 assigns no public
// address where there are more.
func (a account) launchPublic() string {
	a.Helper()
	id := launch(a.T, a.sim, awssim.LaunchSpec{Tags: workerTags})[0]
	a.reach(id, binder.Running)
	if !a.instance(id).Interfaces[0].AutoAssignedIP.IsValid() {
		a.Fatalf("%s has no auto-assigned address", id)
	}
	return id
}

func (a account) instance(id string) awssim.Instance {
	a.Helper()
	for _, i := range a.sim.Instances() {
		if i.ID == id {
			return i
		}
	}
	a.Fatalf("no instance %s", id)
	return awssim.Instance{}
}

func TestContractOverAwssim(t *testing.T) {
	fleettest.Run(t, func(t *testing.T) fleettest.Fixture {
		// The latency lets concurrent calls overtake each other.
		sim := awssim.New(func(o *awssim.Options) { o.Latency = func(string) time.Duration { return 50 * time.Millisecond } })
		return account{t, sim}.fixture(smallPages{newClient(sim)})
	}, func(o *fleettest.Options) {
		o.Bubble = true
	})
}

func TestManyOverAwssim(t *testing.T) {
	sim := awssim.New()
	workers := launch(t, sim, awssim.LaunchSpec{Count: 24, Tags: workerTags})
	others := launch(t, sim, awssim.LaunchSpec{Count: 2, Tags: otherTags})
	legacy := launch(t, sim, awssim.LaunchSpec{Count: 1, Tags: legacyTags})
	all := slices.Concat(workers, others, legacy)
	eligible := slices.Concat(workers, legacy)
	fleet := newFleet(t, smallPages{newClient(sim)})

	listed, err := collect(t.Context(), fleet)
	if slices.Sort(listed); err != nil || !slices.Equal(listed, slices.Sorted(slices.Values(eligible))) {
		t.Errorf("List = %v, %v, want %v", listed, err, eligible)
	}
	described, err := fleet.Describe(t.Context(), slices.Concat(all, all)...)
	if err != nil || len(described) != len(all) {
		t.Errorf("Describe gives %d instances, %v, want %d, each once", len(described), err, len(all))
	}
	for _, i := range described {
		if i.Eligible != slices.Contains(eligible, i.ID) {
			t.Errorf("%s with %v is eligible: %v", i.ID, i.Tags, i.Eligible)
		}
	}
	if calls := sim.Calls()["DescribeInstances"]; calls != 3+3 {
		t.Errorf("%d calls for 27 instances on pages of 10, twice; want 6", calls)
	}
}
