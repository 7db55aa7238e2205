package karpenter

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

const (
	region      = "us-east-1"
	suffix      = "media.example.com"
	queue       = "karpenter"
	clusterName = "example"
)

// cloud is what stands for AWS.
type cloud struct {
	endpoint, dynamodbEndpoint string

	ec2      *ec2.Client
	route53  *route53.Client
	sqs      *sqs.Client
	dynamodb *dynamodb.Client
	records  *dynamostore.Store
	zoneID   string
	queueURL *string
}

// newCloud makes an account with a zone, the tables, the interruption queue, an
// EKS cluster by name, and what the EC2NodeClass asks for.
func newCloud(tb testing.TB) *cloud {
	tb.Helper()
	keys := credentials.NewStaticCredentialsProvider("test", "test", "")
	w := &cloud{endpoint: parts.Moto(tb), dynamodbEndpoint: parts.Dynoxide(tb)}
	w.ec2 = ec2.New(ec2.Options{Region: region, Credentials: keys, BaseEndpoint: &w.endpoint})
	w.route53 = route53.New(route53.Options{Region: region, Credentials: keys, BaseEndpoint: &w.endpoint})
	w.sqs = sqs.New(sqs.Options{Region: region, Credentials: keys, BaseEndpoint: &w.endpoint})
	w.dynamodb = dynamodb.New(dynamodb.Options{Region: region, Credentials: keys, BaseEndpoint: &w.dynamodbEndpoint})

	zone, err := w.route53.CreateHostedZone(tb.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("test"),
	})
	must(tb, err)
	w.zoneID = *zone.HostedZone.Id
	must(tb, dynamostore.CreateTables(tb.Context(), w.dynamodb))
	w.records, err = dynamostore.New(w.dynamodb)
	must(tb, err)
	made, err := w.sqs.CreateQueue(tb.Context(), &sqs.CreateQueueInput{QueueName: aws.String(queue)})
	must(tb, err)
	w.queueURL = made.QueueUrl
	roles := iam.New(iam.Options{Region: region, Credentials: keys, BaseEndpoint: &w.endpoint})
	role, err := roles.CreateRole(tb.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("KarpenterNodeRole-example"), AssumeRolePolicyDocument: aws.String("{}"),
	})
	must(tb, err)
	subnet := w.tagNetwork(tb)
	clusters := eks.New(eks.Options{Region: region, Credentials: keys, BaseEndpoint: &w.endpoint})
	_, err = clusters.CreateCluster(tb.Context(), &eks.CreateClusterInput{
		Name: aws.String(clusterName), RoleArn: role.Role.Arn, ResourcesVpcConfig: &ekstypes.VpcConfigRequest{SubnetIds: []string{subnet}},
	})
	must(tb, err)
	return w
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// tagNetwork makes a subnet, which it returns, and a security group findable. The
// subnet gives no public address of Amazon's to instances: moto shows such a one
// as if the account owned it, like an Elastic IP.
func (w *cloud) tagNetwork(tb testing.TB) (subnetID string) {
	tb.Helper()
	subnets, err := w.ec2.DescribeSubnets(tb.Context(), &ec2.DescribeSubnetsInput{})
	must(tb, err)
	subnet := subnets.Subnets[0]
	_, err = w.ec2.ModifySubnetAttribute(tb.Context(), &ec2.ModifySubnetAttributeInput{
		SubnetId: subnet.SubnetId, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: aws.Bool(false)},
	})
	must(tb, err)
	groups, err := w.ec2.DescribeSecurityGroups(tb.Context(), &ec2.DescribeSecurityGroupsInput{
		Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: []string{*subnet.VpcId}}},
	})
	must(tb, err)
	_, err = w.ec2.CreateTags(tb.Context(), &ec2.CreateTagsInput{
		Resources: []string{*subnet.SubnetId, *groups.SecurityGroups[0].GroupId},
		Tags:      []types.Tag{{Key: aws.String("karpenter.sh/discovery"), Value: aws.String("example")}, {Key: aws.String("Public"), Value: aws.String("true")}},
	})
	must(tb, err)
	return *subnet.SubnetId
}

// settings is the environment of a program that works on this cloud.
func (w *cloud) settings(more ...string) []string {
	return append([]string{
		"AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=" + w.endpoint,
		"AWS_ENDPOINT_URL_DYNAMODB=" + w.dynamodbEndpoint,
	}, more...)
}

// allocate buys addresses for the pool.
func (w *cloud) allocate(tb testing.TB, n int) {
	tb.Helper()
	for range n {
		_, err := w.ec2.AllocateAddress(tb.Context(), &ec2.AllocateAddressInput{
			Domain: types.DomainTypeVpc,
			TagSpecifications: []types.TagSpecification{{
				ResourceType: types.ResourceTypeElasticIp,
				Tags:         []types.Tag{{Key: aws.String("Pool"), Value: aws.String("media")}},
			}},
		})
		must(tb, err)
	}
}

// addressOf returns the address that EC2 says the instance's primary interface
// has, "" if it has none.
func (w *cloud) addressOf(tb testing.TB, instanceID string) string {
	tb.Helper()
	instances, err := w.ec2.DescribeInstances(tb.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{instanceID}})
	must(tb, err)
	interfaces := instances.Reservations[0].Instances[0].NetworkInterfaces
	addresses, err := w.ec2.DescribeAddresses(tb.Context(), &ec2.DescribeAddressesInput{})
	must(tb, err)
	for _, a := range addresses.Addresses {
		if len(interfaces) > 0 && aws.ToString(a.NetworkInterfaceId) == *interfaces[0].NetworkInterfaceId {
			return *a.PublicIp
		}
	}
	return ""
}

// associated returns how many addresses are anybody's.
func (w *cloud) associated(tb testing.TB) int {
	tb.Helper()
	addresses, err := w.ec2.DescribeAddresses(tb.Context(), &ec2.DescribeAddressesInput{})
	must(tb, err)
	free := func(a types.Address) bool { return aws.ToString(a.AssociationId) == "" }
	return len(slices.DeleteFunc(addresses.Addresses, free))
}

// runs reports whether EC2 says that the instance runs.
func (w *cloud) runs(tb testing.TB, instanceID string) bool {
	tb.Helper()
	instances, err := w.ec2.DescribeInstances(tb.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{instanceID}})
	must(tb, err)
	return instances.Reservations[0].Instances[0].State.Name == types.InstanceStateNameRunning
}

// names returns the names below the suffix that the zone has, and their value.
func (w *cloud) names(tb testing.TB) map[string]string {
	tb.Helper()
	out, err := w.route53.ListResourceRecordSets(tb.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &w.zoneID})
	must(tb, err)
	found := map[string]string{}
	for _, set := range out.ResourceRecordSets {
		if strings.HasSuffix(*set.Name, "."+suffix+".") {
			found[strings.TrimSuffix(*set.Name, ".")] = *set.ResourceRecords[0].Value
		}
	}
	return found
}

// visible reports whether schedule servers see a worker of this address.
func (w *cloud) visible(tb testing.TB, ip string) bool {
	tb.Helper()
	out, err := w.dynamodb.Scan(tb.Context(), &dynamodb.ScanInput{TableName: aws.String("record_table"), ConsistentRead: aws.Bool(true)})
	must(tb, err)
	return slices.ContainsFunc(out.Items, func(row map[string]dynamotypes.AttributeValue) bool {
		eip, ok := row["EIP"].(*dynamotypes.AttributeValueMemberS)
		return ok && eip.Value == ip
	})
}

// record returns the binder's record of an address.
func (w *cloud) record(tb testing.TB, ip string) store.Record {
	tb.Helper()
	for r, err := range w.records.List(tb.Context(), store.Filter{}) {
		must(tb, err)
		if r.IP.String() == ip {
			return r
		}
	}
	tb.Fatalf("there is no record of %s", ip)
	return store.Record{}
}

// terminate terminates the instance behind Karpenter's back.
func (w *cloud) terminate(tb testing.TB, instanceID string) {
	tb.Helper()
	_, err := w.ec2.TerminateInstances(tb.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{instanceID}})
	must(tb, err)
}

// announce sends Karpenter what EventBridge sends when an instance terminates.
func (w *cloud) announce(tb testing.TB, instanceID string) {
	tb.Helper()
	event := `{"version":"0","id":"1","account":"123456789012","region":"` + region + `","resources":[],"time":"2026-01-01T00:00:00Z",` +
		`"source":"aws.ec2","detail-type":"EC2 Instance State-change Notification","detail":{"instance-id":"` + instanceID + `","state":"terminated"}}`
	_, err := w.sqs.SendMessage(tb.Context(), &sqs.SendMessageInput{QueueUrl: w.queueURL, MessageBody: &event})
	must(tb, err)
}
