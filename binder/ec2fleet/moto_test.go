package ec2fleet_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/binder/fleettest"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// runInstance launches an instance without an auto-assigned public address:
// moto would name the account as its owner, as if it were an Elastic IP.
func runInstance(t *testing.T, client *ec2.Client, tags map[string]string) types.Instance {
	t.Helper()
	spec := types.TagSpecification{ResourceType: types.ResourceTypeInstance}
	for key, value := range tags {
		spec.Tags = append(spec.Tags, types.Tag{Key: &key, Value: &value})
	}
	out, err := client.RunInstances(t.Context(), &ec2.RunInstancesInput{
		ImageId:           aws.String("ami-12c6146b"),
		MinCount:          aws.Int32(1),
		MaxCount:          aws.Int32(1),
		TagSpecifications: []types.TagSpecification{spec},
		NetworkInterfaces: []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex:              aws.Int32(0),
			AssociatePublicIpAddress: aws.Bool(false),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Instances[0]
}

func newMotoClient(endpoint string) *ec2.Client {
	return ec2.New(ec2.Options{
		Region:       "eu-central-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
	})
}

func TestOverMoto(t *testing.T) {
	client := newMotoClient(parts.Moto(t))
	worker, legacy := runInstance(t, client, workerTags), runInstance(t, client, legacyTags)
	other := runInstance(t, client, otherTags)
	fleet := newFleet(t, client)

	listed, err := collect(t.Context(), fleet)
	slices.Sort(listed)
	if want := slices.Sorted(slices.Values([]string{*worker.InstanceId, *legacy.InstanceId})); err != nil || !slices.Equal(listed, want) {
		t.Errorf("List = %v, %v, want %v", listed, err, want)
	}
	described, err := fleet.Describe(t.Context(), *worker.InstanceId, *other.InstanceId, "i-0123456789abcdef0", "malformed")
	if err != nil || len(described) != 2 {
		t.Fatalf("Describe = %v, %v, want two instances", described, err)
	}
	for _, i := range described {
		checkMotoElasticIP(t, client, fleet, i)
		if i.Eligible != (i.ID == *worker.InstanceId) || i.State != binder.Running || i.ElasticIP.IsValid() || !i.PrivateIP.IsValid() ||
			i.NetworkInterfaceID == "" || i.NetworkBorderGroup != "eu-central-1" {
			t.Errorf("Describe gives %+v", i)
		}
	}
}

// checkMotoElasticIP gives the instance an Elastic IP and looks whether it is seen.
func checkMotoElasticIP(t *testing.T, client *ec2.Client, fleet *ec2fleet.Fleet, i binder.Instance) {
	t.Helper()
	want := giveElasticIP(t, client, i.NetworkInterfaceID)
	got, err := fleet.Describe(t.Context(), i.ID)
	if err != nil || len(got) != 1 || got[0].ElasticIP != want {
		t.Errorf("Describe = %+v, %v, want the Elastic IP %s", got, err, want)
	}
}

func giveElasticIP(t *testing.T, client *ec2.Client, networkInterfaceID string) netip.Addr {
	t.Helper()
	address, err := client.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: address.AllocationId, NetworkInterfaceId: &networkInterfaceID})
	if err != nil {
		t.Fatal(err)
	}
	return netip.MustParseAddr(*address.PublicIp)
}

// motoAccount is an account at a moto server, of which a test has the instances
// whose tag Fleet has its own name.
type motoAccount struct {
	*testing.T
	client     *ec2.Client
	interfaces map[string]string // by instance ID
}

func (a motoAccount) fixture() fleettest.Fixture {
	return fleettest.Fixture{
		Fleet:  newFleet(a.T, a.client, func(o *ec2fleet.Options) { o.Tags = ec2tag.Selector{ec2tag.Key("Fleet", a.Name())} }),
		Launch: a.launch,
		// What moto launches is running at once, and each other state at its end.
		States:    []binder.State{binder.Running, binder.Stopped, binder.Terminated},
		Associate: func(id string) netip.Addr { return giveElasticIP(a.T, a.client, a.interfaces[id]) },
	}
}

func (a motoAccount) launch(state binder.State, eligible bool) binder.Instance {
	a.Helper()
	tags := map[string]string{"Fleet": "other"}
	if eligible {
		tags["Fleet"] = a.Name()
	}
	i := runInstance(a.T, a.client, tags)
	var err error
	switch state {
	case binder.Stopped:
		_, err = a.client.StopInstances(a.Context(), &ec2.StopInstancesInput{InstanceIds: []string{*i.InstanceId}})
	case binder.Terminated:
		_, err = a.client.TerminateInstances(a.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{*i.InstanceId}})
	}
	if err != nil {
		a.Fatal(err)
	}
	ni := i.NetworkInterfaces[0]
	a.interfaces[*i.InstanceId] = *ni.NetworkInterfaceId
	return binder.Instance{
		ID: *i.InstanceId, NetworkInterfaceID: *ni.NetworkInterfaceId, PrivateIP: netip.MustParseAddr(*ni.PrivateIpAddress),
		NetworkBorderGroup: "eu-central-1", AvailabilityZone: *i.Placement.AvailabilityZone, Type: string(i.InstanceType), LaunchedAt: *i.LaunchTime, Tags: tags,
	}
}

func TestContractOverMoto(t *testing.T) {
	client := newMotoClient(parts.Moto(t))
	fleettest.Run(t, func(t *testing.T) fleettest.Fixture {
		return motoAccount{t, client, map[string]string{}}.fixture()
	}, func(o *fleettest.Options) {
		const slow = "moto takes most of a minute to launch so many; awssim runs this case"
		o.Exclude = map[string]string{"describe-many": slow, "list-many": slow}
	})
}
