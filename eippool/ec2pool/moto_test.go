package ec2pool_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/eippool/pooltest"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// motoAccount is an account at a moto server, of which a test has the
// addresses whose tag Pool has its own name.
type motoAccount struct {
	*testing.T
	client *ec2.Client
}

func newMotoAccount(t *testing.T, endpoint string) motoAccount {
	return motoAccount{T: t, client: ec2.New(ec2.Options{
		Region:       region,
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
	})}
}

func (a motoAccount) address(inPool bool) string {
	a.Helper()
	tag := types.Tag{Key: aws.String("Pool"), Value: aws.String("other")}
	if inPool {
		tag.Value = aws.String(a.Name())
	}
	out, err := a.client.AllocateAddress(a.Context(), &ec2.AllocateAddressInput{
		Domain:            types.DomainTypeVpc,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeElasticIp, Tags: []types.Tag{tag}}},
	})
	if err != nil {
		a.Fatal(err)
	}
	return *out.AllocationId
}

func (a motoAccount) leave(id string) {
	a.Helper()
	_, err := a.client.DeleteTags(a.Context(), &ec2.DeleteTagsInput{Resources: []string{id}, Tags: []types.Tag{{Key: aws.String("Pool")}}})
	if err != nil {
		a.Fatal(err)
	}
}

// launch starts an instance, which moto makes running at once.
func (a motoAccount) launch(state string) eippool.Target {
	a.Helper()
	if state != "running" {
		a.Fatalf("moto has no %s targets", state)
	}
	out, err := a.client.RunInstances(a.Context(), &ec2.RunInstancesInput{
		ImageId:  aws.String("ami-12c6146b"),
		MinCount: aws.Int32(1),
		MaxCount: aws.Int32(1),
	})
	if err != nil {
		a.Fatal(err)
	}
	i := out.Instances[0]
	return eippool.Target{InstanceID: *i.InstanceId, NetworkInterfaceID: *i.NetworkInterfaces[0].NetworkInterfaceId}
}

func TestContractOverMoto(t *testing.T) {
	endpoint := parts.Moto(t)
	pooltest.Run(t, func(t *testing.T) pooltest.Fixture {
		a := newMotoAccount(t, endpoint)
		return pooltest.Fixture{
			Pool: newPool(t, a.client, func(o *ec2pool.Options) {
				o.Tags = ec2tag.Selector{ec2tag.Key("Pool", t.Name())}
			}),
			AddAddress: a.address,
			Leave:      a.leave,
			AddTarget:  a.launch,
		}
	}, func(o *pooltest.Options) {
		const noReverseNames = "moto has neither ModifyAddressAttribute nor ResetAddressAttribute"
		o.Exclude = map[string]string{
			"associate-terminated-target": "moto accepts terminated targets",
			"associate-pending-target":    "moto accepts pending targets, and instances are running at once",
			"release-locked":              noReverseNames,
			"reverse-set":                 noReverseNames,
			"reverse-set-absent":          noReverseNames,
			"reverse-clear":               noReverseNames,
			"reverse-clear-none":          noReverseNames,
			"reverse-clear-absent":        noReverseNames,
		}
	})
}
