package e2e_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

const (
	region = "eu-central-1"
	suffix = "media.example.com"
)

// cloud is what stands for AWS: endpoints, and the test's own clients, which
// go around the counting of calls.
type cloud struct {
	ec2Endpoint, route53Endpoint, dynamodbEndpoint string

	ec2      *ec2.Client
	route53  *route53.Client
	dynamodb *dynamodb.Client
	calls    calls
	zoneID   string
	subnetID *string // where instances are launched; nil: the default
	naming   naming
}

// clouds are the combinations of stand-ins that the function has to work with.
var clouds = map[string]func(testing.TB) *cloud{
	"awssim and dynoxide": func(tb testing.TB) *cloud {
		dynoxide := parts.Dynoxide(tb)
		sim := simulator(tb)
		return newCloud(tb, sim, sim, dynoxide)
	},
	"awssim and moto": func(tb testing.TB) *cloud {
		moto := parts.Moto(tb)
		sim := simulator(tb)
		return newCloud(tb, sim, sim, moto)
	},
	"moto": func(tb testing.TB) *cloud {
		moto := parts.Moto(tb)
		c := newCloud(tb, moto, moto, moto)
		c.useQuietSubnet(tb)
		return c
	},
}

// useQuietSubnet launches instances into a subnet that gives them no public
// address of Amazon's: moto shows such a one as if the account owned it, like an
// Elastic IP.
func (c *cloud) useQuietSubnet(tb testing.TB) {
	tb.Helper()
	out, err := c.ec2.DescribeSubnets(tb.Context(), &ec2.DescribeSubnetsInput{})
	if err != nil {
		tb.Fatal(err)
	}
	c.subnetID = out.Subnets[0].SubnetId
	_, err = c.ec2.ModifySubnetAttribute(tb.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: c.subnetID, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: aws.Bool(false)},
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// simulator serves awssim, with shorter times than AWS's.
func simulator(tb testing.TB, optFns ...func(*awssim.Options)) (endpoint string) {
	sim := awssim.New(append([]func(*awssim.Options){func(o *awssim.Options) {
		o.Region = region
		o.PendingFor = 0
		o.ShuttingDownFor = time.Second
		o.InsyncAfter = 100 * time.Millisecond
	}}, optFns...)...)
	server := httptest.NewServer(sim)
	tb.Cleanup(server.Close)
	return server.URL
}

// newCloud makes the clients, the hosted zone and the tables.
func newCloud(tb testing.TB, ec2Endpoint, route53Endpoint, dynamodbEndpoint string) *cloud {
	tb.Helper()
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	c := &cloud{
		ec2:      ec2.New(ec2.Options{Region: region, Credentials: keys, BaseEndpoint: &ec2Endpoint}),
		route53:  route53.New(route53.Options{Region: region, Credentials: keys, BaseEndpoint: &route53Endpoint}),
		dynamodb: dynamodb.New(dynamodb.Options{Region: region, Credentials: keys, BaseEndpoint: &dynamodbEndpoint}),
	}
	c.ec2Endpoint, c.route53Endpoint = c.calls.proxy(tb, ec2Endpoint), c.calls.proxy(tb, route53Endpoint)
	c.dynamodbEndpoint = c.calls.proxy(tb, dynamodbEndpoint)
	zone, err := c.route53.CreateHostedZone(tb.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("e2e"),
	})
	if err != nil {
		tb.Fatal(err)
	}
	c.zoneID = *zone.HostedZone.Id
	if err := dynamostore.CreateTables(tb.Context(), c.dynamodb); err != nil {
		tb.Fatal(err)
	}
	return c
}

// settings returns the function's environment. More settings come as pairs of
// name and value; an empty value takes a variable away.
func (c *cloud) settings(more ...string) map[string]string {
	settings := map[string]string{
		"AWS_REGION":                region,
		"AWS_ACCESS_KEY_ID":         "test",
		"AWS_SECRET_ACCESS_KEY":     "test",
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ENDPOINT_URL_EC2":      c.ec2Endpoint,
		"AWS_ENDPOINT_URL_ROUTE_53": c.route53Endpoint,
		"AWS_ENDPOINT_URL_DYNAMODB": c.dynamodbEndpoint,
		"EIPBINDER_SUFFIX":          suffix,
		"EIPBINDER_HOSTED_ZONE_ID":  c.zoneID,
		"EIPBINDER_POOL_TAGS":       "Pool=byol,App=streaming",
		"EIPBINDER_INSTANCE_TAGS":   "karpenter.sh/nodepool|karpenter.sh/provisioner-name=media",
		"EIPBINDER_STORE":           "dynamodb",
		// the stand-ins are quicker than Route 53
		"EIPBINDER_DNS_FIRST_LOOK":    "50ms",
		"EIPBINDER_DNS_POLL_INTERVAL": "50ms",
	}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return settings
}

// allocate buys an address with these tags and returns its allocation ID.
func (c *cloud) allocate(tb testing.TB, tags map[string]string) string {
	tb.Helper()
	out, err := c.ec2.AllocateAddress(tb.Context(), &ec2.AllocateAddressInput{
		Domain:            types.DomainTypeVpc,
		TagSpecifications: tagged(types.ResourceTypeElasticIp, tags),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return *out.AllocationId
}

// launch starts an instance with these tags and two network interfaces, and
// returns its ID and that of the primary one.
func (c *cloud) launch(tb testing.TB, tags map[string]string) (instanceID, networkInterfaceID string) {
	tb.Helper()
	out, err := c.ec2.RunInstances(tb.Context(), &ec2.RunInstancesInput{
		MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ImageId: aws.String("ami-12c6146b"), InstanceType: types.InstanceTypeC5Large,
		SubnetId:          c.subnetID,
		TagSpecifications: tagged(types.ResourceTypeInstance, tags),
	})
	if err != nil {
		tb.Fatal(err)
	}
	instance := out.Instances[0]
	second, err := c.ec2.CreateNetworkInterface(tb.Context(), &ec2.CreateNetworkInterfaceInput{SubnetId: instance.SubnetId})
	if err != nil {
		tb.Fatal(err)
	}
	_, err = c.ec2.AttachNetworkInterface(tb.Context(), &ec2.AttachNetworkInterfaceInput{
		InstanceId: instance.InstanceId, NetworkInterfaceId: second.NetworkInterface.NetworkInterfaceId, DeviceIndex: aws.Int32(1),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return *instance.InstanceId, *instance.NetworkInterfaces[0].NetworkInterfaceId
}

func tagged(kind types.ResourceType, tags map[string]string) []types.TagSpecification {
	spec := types.TagSpecification{ResourceType: kind}
	for key, value := range tags {
		spec.Tags = append(spec.Tags, types.Tag{Key: &key, Value: &value})
	}
	return []types.TagSpecification{spec}
}

// terminate terminates the instance and returns at once.
func (c *cloud) terminate(tb testing.TB, instanceID string) {
	tb.Helper()
	if _, err := c.ec2.TerminateInstances(tb.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{instanceID}}); err != nil {
		tb.Fatal(err)
	}
}

// awaitTerminated returns once EC2 says that the instance is terminated.
func (c *cloud) awaitTerminated(tb testing.TB, instanceID string) {
	tb.Helper()
	fast := func(o *ec2.InstanceTerminatedWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, 100*time.Millisecond
	}
	in := &ec2.DescribeInstancesInput{InstanceIds: []string{instanceID}}
	if err := ec2.NewInstanceTerminatedWaiter(c.ec2, fast).Wait(tb.Context(), in, timeout); err != nil {
		tb.Fatal(err)
	}
}
