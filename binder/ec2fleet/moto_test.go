package ec2fleet_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
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

func TestOverMoto(t *testing.T) {
	endpoint := parts.Moto(t)
	client := ec2.New(ec2.Options{
		Region:       "eu-central-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
	})
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
	address, err := client.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.AssociateAddress(t.Context(), &ec2.AssociateAddressInput{AllocationId: address.AllocationId, NetworkInterfaceId: &i.NetworkInterfaceID})
	if err != nil {
		t.Fatal(err)
	}
	got, err := fleet.Describe(t.Context(), i.ID)
	if err != nil || len(got) != 1 || got[0].ElasticIP.String() != *address.PublicIp {
		t.Errorf("Describe = %+v, %v, want the Elastic IP %s", got, err, *address.PublicIp)
	}
}
