package ec2fleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/ec2tag"
)

func karpenter(o *ec2fleet.Options) {
	o.Tags = ec2tag.Selector{
		{Keys: []string{"karpenter.sh/nodepool", "karpenter.sh/provisioner-name"}, Values: []string{"media"}},
		ec2tag.Key("App", "streaming"),
	}
}

func newFleet(t *testing.T, client ec2fleet.Client, optFns ...func(*ec2fleet.Options)) *ec2fleet.Fleet {
	t.Helper()
	fleet, err := ec2fleet.New(client, append([]func(*ec2fleet.Options){karpenter}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return fleet
}

func where(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

// request asks for the page of this token.
func request(token *string, filters ...types.Filter) *ec2.DescribeInstancesInput {
	return &ec2.DescribeInstancesInput{Filters: filters, MaxResults: aws.Int32(1000), NextToken: token}
}

// page is an answer with one reservation for each instance.
func page(next *string, instances ...types.Instance) *ec2.DescribeInstancesOutput {
	out := &ec2.DescribeInstancesOutput{NextToken: next}
	for _, i := range instances {
		out.Reservations = append(out.Reservations, types.Reservation{Instances: []types.Instance{i}})
	}
	return out
}

func instance(id string, tags ...string) types.Instance {
	i := types.Instance{InstanceId: &id, State: &types.InstanceState{Name: types.InstanceStateNameRunning}}
	for pair := range slices.Chunk(tags, 2) {
		i.Tags = append(i.Tags, types.Tag{Key: &pair[0], Value: &pair[1]})
	}
	return i
}

func worker(id string) types.Instance {
	return instance(id, "karpenter.sh/nodepool", "media", "App", "streaming")
}

func collect(ctx context.Context, fleet *ec2fleet.Fleet) (ids []string, err error) {
	for i, err := range fleet.List(ctx) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, i.ID)
	}
	return ids, nil
}

func TestListAsksByTagAndLooksAgain(t *testing.T) {
	client := record(t,
		page(aws.String("more"),
			worker("i-1"),
			instance("i-old", "karpenter.sh/provisioner-name", "media", "App", "streaming"),
			instance("i-batch", "karpenter.sh/nodepool", "batch", "App", "streaming"),
			instance("i-case", "karpenter.sh/nodepool", "media", "App", "Streaming")),
		page(aws.String("and more")), // a page may be empty and not the last
		page(nil, worker("i-1"), worker("i-2")))
	got, err := collect(t.Context(), newFleet(t, client))
	if err != nil || !slices.Equal(got, []string{"i-1", "i-old", "i-2"}) {
		t.Errorf("List = %v, %v", got, err)
	}
	filters := []types.Filter{where("tag-key", "karpenter.sh/nodepool", "karpenter.sh/provisioner-name"), where("tag:App", "streaming")}
	client.sent(request(nil, filters...), request(aws.String("more"), filters...), request(aws.String("and more"), filters...))
}

func TestListEndsWithAnError(t *testing.T) {
	client := record(t, page(aws.String("more"), worker("i-1")), failure("RequestLimitExceeded"))
	got, err := collect(t.Context(), newFleet(t, client))
	if !slices.Equal(got, []string{"i-1"}) || !errors.Is(err, binder.ErrThrottled) {
		t.Errorf("List = %v, %v", got, err)
	}
}

func TestListCanBeBrokenOff(t *testing.T) {
	client := record(t, page(aws.String("more"), worker("i-1"), worker("i-2")))
	for i, err := range newFleet(t, client).List(t.Context()) {
		if i.ID != "i-1" || err != nil {
			t.Errorf("List yields %v, %v", i, err)
		}
		break
	}
}

func TestDescribeAsksByFilterInChunks(t *testing.T) {
	var ids []string
	for n := range 201 {
		ids = append(ids, fmt.Sprintf("i-%03d", n))
	}
	client := record(t, page(aws.String("more"), worker("i-000")), page(nil, instance("i-001")), page(nil, instance("i-200")))
	got, err := newFleet(t, client).Describe(t.Context(), append(slices.Clone(ids), "", "i-007")...)
	if err != nil {
		t.Fatal(err)
	}
	eligible := map[string]bool{}
	for _, i := range got {
		eligible[i.ID] = i.Eligible
	}
	if diff := cmp.Diff(map[string]bool{"i-000": true, "i-001": false, "i-200": false}, eligible); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	client.sent(
		request(nil, where("instance-id", ids[:200]...)),
		request(aws.String("more"), where("instance-id", ids[:200]...)),
		request(nil, where("instance-id", "i-200")))
}

func TestDescribeIsWholeOrAnError(t *testing.T) {
	client := record(t, page(aws.String("more"), worker("i-1")), failure("InternalError"))
	if got, err := newFleet(t, client).Describe(t.Context(), "i-1", "i-2"); err == nil || got != nil {
		t.Errorf("Describe = %v, %v, want an error alone", got, err)
	}
}

func TestDescribeOfNothingMakesNoCall(t *testing.T) {
	client := record(t)
	if got, err := newFleet(t, client).Describe(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Describe = %v, %v", got, err)
	}
	client.sent()
}

func TestDescribeLeavesTheCallersIDsAlone(t *testing.T) {
	ids := []string{"i-2", "", "*", "i-1"}
	client := record(t, page(nil))
	if _, err := newFleet(t, client).Describe(t.Context(), ids...); err != nil {
		t.Fatal(err)
	}
	client.sent(request(nil, where("instance-id", `\*`, "i-1", "i-2")))
	if !slices.Equal(ids, []string{"i-2", "", "*", "i-1"}) {
		t.Errorf("Describe made %q of the caller's IDs", ids)
	}
}

// networkInterface is one with this device index and network card.
func networkInterface(id string, device, card int32, owner string) types.InstanceNetworkInterface {
	return types.InstanceNetworkInterface{
		NetworkInterfaceId: &id,
		PrivateIpAddress:   aws.String("10.0.0.7"),
		Attachment:         &types.InstanceNetworkInterfaceAttachment{DeviceIndex: &device, NetworkCardIndex: &card},
		Association:        &types.InstanceNetworkInterfaceAssociation{IpOwnerId: &owner, PublicIp: aws.String("203.0.113.7")},
	}
}

func describeOne(t *testing.T, i types.Instance, optFns ...func(*ec2fleet.Options)) binder.Instance {
	t.Helper()
	got, err := newFleet(t, record(t, page(nil, i)), optFns...).Describe(t.Context(), *i.InstanceId)
	if err != nil || len(got) != 1 {
		t.Fatalf("Describe = %v, %v", got, err)
	}
	return got[0]
}

func TestInstance(t *testing.T) {
	launched := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	i := worker("i-1")
	i.InstanceType, i.LaunchTime = types.InstanceTypeC7gn2xlarge, &launched
	i.Placement = &types.Placement{AvailabilityZone: aws.String("eu-central-1b")}
	i.NetworkInterfaces = []types.InstanceNetworkInterface{
		networkInterface("eni-cni", 1, 0, "amazon"),
		networkInterface("eni-card", 0, 1, "123456789012"),
		{NetworkInterfaceId: aws.String("eni-detaching")},
		networkInterface("eni-primary", 0, 0, "123456789012"),
	}
	want := binder.Instance{
		ID: "i-1", State: binder.Running, Eligible: true,
		NetworkInterfaceID: "eni-primary", PrivateIP: netip.MustParseAddr("10.0.0.7"), ElasticIP: netip.MustParseAddr("203.0.113.7"),
		NetworkBorderGroup: "eu-central-1", AvailabilityZone: "eu-central-1b", Type: "c7gn.2xlarge", LaunchedAt: launched,
		Tags: map[string]string{"karpenter.sh/nodepool": "media", "App": "streaming"},
	}
	if diff := cmp.Diff(want, describeOne(t, i), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestInstanceOfWhichLittleIsKnown(t *testing.T) {
	want := binder.Instance{ID: "i-1", State: binder.Terminated}
	i := instance("i-1")
	i.State.Name = types.InstanceStateNameTerminated
	if diff := cmp.Diff(want, describeOne(t, i), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestElasticIP(t *testing.T) {
	elastic := &types.InstanceNetworkInterfaceAssociation{IpOwnerId: aws.String("123456789012"), PublicIp: aws.String("203.0.113.9")}
	secondary := networkInterface("eni-1", 0, 0, "amazon")
	secondary.PrivateIpAddresses = []types.InstancePrivateIpAddress{{Primary: aws.Bool(true), Association: secondary.Association}, {}, {Association: elastic}}
	carrier := networkInterface("eni-1", 0, 0, "123456789012")
	carrier.Association.PublicIp, carrier.Association.CarrierIp = nil, aws.String("198.51.100.9")
	none := networkInterface("eni-1", 0, 0, "amazon")
	none.Association = nil
	for name, test := range map[string]struct {
		ni   types.InstanceNetworkInterface
		want string
	}{
		"auto-assigned":          {networkInterface("eni-1", 0, 0, "amazon"), ""},
		"none":                   {none, ""},
		"elastic":                {networkInterface("eni-1", 0, 0, "123456789012"), "203.0.113.7"},
		"on a secondary address": {secondary, "203.0.113.9"},
		"carrier's":              {carrier, "198.51.100.9"},
	} {
		t.Run(name, func(t *testing.T) {
			i := worker("i-1")
			i.NetworkInterfaces = []types.InstanceNetworkInterface{test.ni}
			var want netip.Addr
			if test.want != "" {
				want = netip.MustParseAddr(test.want)
			}
			if got := describeOne(t, i).ElasticIP; got != want {
				t.Errorf("ElasticIP = %v, want %v", got, want)
			}
		})
	}
}

func TestNetworkBorderGroup(t *testing.T) {
	at := func(zone string) types.Instance {
		i := worker("i-1")
		i.Placement = &types.Placement{AvailabilityZone: &zone}
		return i
	}
	for zone, want := range map[string]string{
		"us-east-1a":              "us-east-1",
		"us-west-2-lax-1a":        "us-west-2-lax-1",
		"us-east-1-wl1-bos-wlz-1": "us-east-1-wl1-bos-wlz-1",
		"":                        "",
	} {
		if got := describeOne(t, at(zone)).NetworkBorderGroup; got != want {
			t.Errorf("zone %q: %q, want %q", zone, got, want)
		}
	}
	other := func(o *ec2fleet.Options) {
		o.NetworkBorderGroup = func(zone string) string { return "group of " + zone }
	}
	if got := describeOne(t, at("x"), other).NetworkBorderGroup; got != "group of x" {
		t.Errorf("own function: %q", got)
	}
	if got := describeOne(t, at("us-east-1a"), func(o *ec2fleet.Options) { o.NetworkBorderGroup = nil }).NetworkBorderGroup; got != "us-east-1" {
		t.Errorf("nil function: %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := ec2fleet.New(record(t)); err == nil {
		t.Error("no tags: no error")
	}
	if _, err := ec2fleet.New(record(t), func(o *ec2fleet.Options) { o.Tags = ec2tag.Selector{{}} }); err == nil {
		t.Error("filter without key: no error")
	}
	if _, err := ec2fleet.New(nil, karpenter); err == nil {
		t.Error("nil client: no error")
	}
}

func failure(code string) error {
	return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: "prose"})
}

func TestErrorCodes(t *testing.T) {
	for code, want := range map[string]error{
		"RequestLimitExceeded":        binder.ErrThrottled,
		"Throttling":                  binder.ErrThrottled,
		"UnauthorizedOperation":       binder.ErrDenied,
		"AuthFailure":                 binder.ErrDenied,
		"OptInRequired":               binder.ErrDenied,
		"InvalidParameterValue":       binder.ErrConfig,
		"InvalidParameterCombination": binder.ErrConfig,
		"FilterLimitExceeded":         binder.ErrConfig,
		"InternalError":               nil,
		"InternalFailure":             nil,
		"ServiceUnavailable":          nil,
		"Unavailable":                 nil,
		"RequestExpired":              nil,
		"InvalidPaginationToken":      nil,
		"SomethingNewIn2031":          nil,
	} {
		t.Run(code, func(t *testing.T) {
			fleet := newFleet(t, record(t, failure(code), failure(code)))
			_, describe := fleet.Describe(t.Context(), "i-1")
			_, list := collect(t.Context(), fleet)
			for _, err := range []error{describe, list} {
				for _, kind := range []error{binder.ErrThrottled, binder.ErrDenied, binder.ErrConfig} {
					if got := errors.Is(err, kind); got != (kind == want) {
						t.Errorf("%v is %q: %v", err, kind, got)
					}
				}
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != code {
					t.Errorf("the cause is lost: %v", err)
				}
			}
		})
	}
}

func TestContextErrorsPassAsTheyAre(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("connection reset")
	for _, cause := range []error{broken, fmt.Errorf("operation error: %w", context.Canceled)} {
		if _, err := newFleet(t, record(t, cause)).Describe(ctx, "i-1"); err != context.Canceled {
			t.Errorf("ended by the context with %q: %v, want context.Canceled as it is", cause, err)
		}
	}
	if _, err := newFleet(t, record(t, failure("AuthFailure"))).Describe(ctx, "i-1"); !errors.Is(err, binder.ErrDenied) {
		t.Errorf("a definite answer is lost: %v", err)
	}
	if _, err := newFleet(t, record(t, broken)).Describe(t.Context(), "i-1"); !errors.Is(err, broken) {
		t.Errorf("the cause is lost: %v", err)
	}
}
