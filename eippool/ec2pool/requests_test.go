package ec2pool_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
)

var target = eippool.Target{InstanceID: "i-1", NetworkInterfaceID: "eni-1"}

func media(o *ec2pool.Options) { o.Tags = ec2tag.Selector{ec2tag.Key("Pool", "media")} }

func newPool(t *testing.T, client ec2pool.Client, optFns ...func(*ec2pool.Options)) *ec2pool.Pool {
	t.Helper()
	pool, err := ec2pool.New(client, append([]func(*ec2pool.Options){media}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func where(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

func describe(filters ...types.Filter) *ec2.DescribeAddressesInput {
	return &ec2.DescribeAddressesInput{Filters: filters}
}

func found(addresses ...types.Address) *ec2.DescribeAddressesOutput {
	return &ec2.DescribeAddressesOutput{Addresses: addresses}
}

// free is a free address of the pool; change may alter it.
func free(id string, change ...func(*types.Address)) types.Address {
	a := types.Address{
		AllocationId:       aws.String(id),
		PublicIp:           aws.String("203.0.113.7"),
		Domain:             types.DomainTypeVpc,
		NetworkBorderGroup: aws.String("eu-central-1"),
		Tags:               []types.Tag{{Key: aws.String("Pool"), Value: aws.String("media")}},
	}
	for _, fn := range change {
		fn(&a)
	}
	return a
}

func held(id, association, networkInterface string) types.Address {
	return free(id, func(a *types.Address) {
		a.AssociationId, a.NetworkInterfaceId, a.InstanceId = &association, &networkInterface, aws.String("i-9")
	})
}

func ids(addresses []eippool.Address) []string {
	var ids []string
	for _, a := range addresses {
		ids = append(ids, a.AllocationID)
	}
	return ids
}

func TestListAsksByTagAndLooksAgain(t *testing.T) {
	tagged := func(value string) func(*types.Address) {
		return func(a *types.Address) { a.Tags[0].Value = &value }
	}
	client := record(t, found(
		free("eipalloc-1"),
		free("eipalloc-alb", func(a *types.Address) { a.ServiceManaged = types.ServiceManagedAlb }),
		free("eipalloc-classic", func(a *types.Address) { a.Domain = types.DomainTypeStandard }),
		free("eipalloc-case", tagged("Media")),
		free("eipalloc-bare", func(a *types.Address) { a.Tags = nil }),
		held("eipalloc-2", "eipassoc-2", "eni-2"),
	))
	got, err := newPool(t, client).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []eippool.Address{
		{AllocationID: "eipalloc-1"},
		{AllocationID: "eipalloc-2", AssociationID: "eipassoc-2", NetworkInterfaceID: "eni-2", InstanceID: "i-9"},
	}
	for i := range want {
		want[i].IP = netip.MustParseAddr("203.0.113.7")
		want[i].NetworkBorderGroup = "eu-central-1"
		want[i].Tags = map[string]string{"Pool": "media"}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	client.sent(describe(where("tag:Pool", "media")))
}

func TestListOfOneBorderGroup(t *testing.T) {
	client := record(t, found(free("eipalloc-1"), free("eipalloc-lax", func(a *types.Address) {
		a.NetworkBorderGroup = aws.String("us-west-2-lax-1")
	})))
	pool := newPool(t, client, func(o *ec2pool.Options) {
		o.Tags = ec2tag.Selector{ec2tag.Key("Pool", "media", "a*b?"), ec2tag.Key("Pool")}
		o.NetworkBorderGroup = "us-west-2-lax-1"
	})
	got, err := pool.List(t.Context())
	if err != nil || !slices.Equal(ids(got), []string{"eipalloc-lax"}) {
		t.Errorf("List = %v, %v", got, err)
	}
	client.sent(describe(where("tag-key", "Pool"), where("tag:Pool", "media", `a\*b\?`), where("network-border-group", "us-west-2-lax-1")))
}

func TestListIsWholeOrAnError(t *testing.T) {
	client := record(t, found(free("eipalloc-1"), free("eipalloc-outpost", func(a *types.Address) { a.PublicIp = nil })))
	if got, err := newPool(t, client).List(t.Context()); err == nil || got != nil {
		t.Errorf("List = %v, %v, want an error because eipalloc-outpost has no public address", got, err)
	}
}

func TestLookupOfCarrierAddress(t *testing.T) {
	client := record(t, found(free("eipalloc-1", func(a *types.Address) {
		a.PublicIp, a.CarrierIp = nil, aws.String("198.51.100.9")
	})))
	got, err := newPool(t, client).Lookup(t.Context(), "eipalloc-1")
	if err != nil || got[0].IP != netip.MustParseAddr("198.51.100.9") {
		t.Errorf("Lookup = %v, %v", got, err)
	}
}

func TestLookupAsksInChunksWhateverTheTags(t *testing.T) {
	var asked []string
	for n := range 201 {
		asked = append(asked, fmt.Sprintf("eipalloc-%03d", n))
	}
	client := record(t,
		found(free("eipalloc-000", func(a *types.Address) { a.Tags = nil })),
		found(free("eipalloc-200", func(a *types.Address) { a.ServiceManaged = types.ServiceManagedAlb })))
	got, err := newPool(t, client).Lookup(t.Context(), append(asked, "", "eipalloc-007")...)
	if err != nil || !slices.Equal(ids(got), []string{"eipalloc-000", "eipalloc-200"}) {
		t.Errorf("Lookup = %v, %v", got, err)
	}
	client.sent(describe(where("allocation-id", asked[:200]...)), describe(where("allocation-id", asked[200])))
}

func TestLookupIsWholeOrAnError(t *testing.T) {
	var asked []string
	for n := range 201 {
		asked = append(asked, fmt.Sprint(n))
	}
	client := record(t, found(free("0")), errors.New("connection reset"))
	if got, err := newPool(t, client).Lookup(t.Context(), asked...); err == nil || got != nil {
		t.Errorf("Lookup = %v, %v, want an error alone", got, err)
	}
}

func TestLookupEscapes(t *testing.T) {
	client := record(t, found())
	if _, err := newPool(t, client).Lookup(t.Context(), "*"); err != nil {
		t.Fatal(err)
	}
	client.sent(describe(where("allocation-id", `\*`)))
}

func TestLookupOfNothingMakesNoCall(t *testing.T) {
	client := record(t)
	if got, err := newPool(t, client).Lookup(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Lookup = %v, %v", got, err)
	}
	client.sent()
}

func TestAssociateDescribesTheInterfaceFirst(t *testing.T) {
	client := record(t, found(), &ec2.AssociateAddressOutput{AssociationId: aws.String("eipassoc-1")})
	got, err := newPool(t, client).Associate(t.Context(), "eipalloc-1", target)
	if err != nil || got != "eipassoc-1" {
		t.Errorf("Associate = %q, %v", got, err)
	}
	client.sent(describe(where("network-interface-id", "eni-1")), &ec2.AssociateAddressInput{
		AllocationId:       aws.String("eipalloc-1"),
		NetworkInterfaceId: aws.String("eni-1"),
		AllowReassociation: aws.Bool(false),
	})
}

func TestAssociateAgainMakesNoChange(t *testing.T) {
	client := record(t, found(held("eipalloc-2", "eipassoc-2", "eni-1"), held("eipalloc-1", "eipassoc-1", "eni-1")))
	got, err := newPool(t, client).Associate(t.Context(), "eipalloc-1", target)
	if err != nil || got != "eipassoc-1" {
		t.Errorf("Associate = %q, %v", got, err)
	}
	client.sent(describe(where("network-interface-id", "eni-1")))
}

func TestAssociateDisplacesNothing(t *testing.T) {
	foreign := held("eipalloc-2", "eipassoc-2", "eni-1")
	foreign.Tags, foreign.ServiceManaged = nil, types.ServiceManagedAlb
	client := record(t, found(foreign))
	if got, err := newPool(t, client).Associate(t.Context(), "eipalloc-1", target); !errors.Is(err, eippool.ErrOccupied) {
		t.Errorf("Associate = %q, %v, want ErrOccupied", got, err)
	}
	client.sent(describe(where("network-interface-id", "eni-1")))
}

func TestAssociateNeedsBothIDs(t *testing.T) {
	client := record(t)
	pool := newPool(t, client)
	if _, err := pool.Associate(t.Context(), "", target); !errors.Is(err, eippool.ErrInvalid) {
		t.Errorf("without allocation ID: %v", err)
	}
	if _, err := pool.Associate(t.Context(), "eipalloc-1", eippool.Target{InstanceID: "i-1"}); !errors.Is(err, eippool.ErrInvalid) {
		t.Errorf("without interface ID: %v", err)
	}
	if err := pool.Disassociate(t.Context(), ""); !errors.Is(err, eippool.ErrInvalid) {
		t.Errorf("without association ID: %v", err)
	}
	client.sent()
}

func TestDisassociate(t *testing.T) {
	client := record(t, &ec2.DisassociateAddressOutput{}, failure("InvalidAssociationID.NotFound"))
	pool := newPool(t, client)
	for range 2 {
		if err := pool.Disassociate(t.Context(), "eipassoc-1"); err != nil {
			t.Error(err)
		}
	}
	request := &ec2.DisassociateAddressInput{AssociationId: aws.String("eipassoc-1")}
	client.sent(request, request)
}

func TestAllocateTagsWhatItBuys(t *testing.T) {
	client := record(t, &ec2.AllocateAddressOutput{
		AllocationId:       aws.String("eipalloc-1"),
		PublicIp:           aws.String("203.0.113.7"),
		NetworkBorderGroup: aws.String("us-west-2-lax-1"),
	})
	pool := newPool(t, client, func(o *ec2pool.Options) {
		o.Tags = ec2tag.Selector{ec2tag.Key("Pool", "media", "voice"), ec2tag.Key("Any")}
		o.NetworkBorderGroup = "us-west-2-lax-1"
		o.PublicIPv4Pool = "ipv4pool-ec2-1"
		o.AllocateTags = map[string]string{"Binder": "a"}
	})
	got, err := pool.Allocate(t.Context())
	want := eippool.Address{
		AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.7"), NetworkBorderGroup: "us-west-2-lax-1",
		Tags: map[string]string{"Pool": "media", "Any": "", "Binder": "a"},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); err != nil || diff != "" {
		t.Errorf("Allocate: %v; -want +got\n%s", err, diff)
	}
	client.sent(&ec2.AllocateAddressInput{
		Domain:             types.DomainTypeVpc,
		NetworkBorderGroup: aws.String("us-west-2-lax-1"),
		PublicIpv4Pool:     aws.String("ipv4pool-ec2-1"),
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeElasticIp,
			Tags: []types.Tag{
				{Key: aws.String("Any"), Value: aws.String("")},
				{Key: aws.String("Binder"), Value: aws.String("a")},
				{Key: aws.String("Pool"), Value: aws.String("media")},
			},
		}},
	})
}

func TestAllocateFromIPAM(t *testing.T) {
	client := record(t, failure("InsufficientAddressCapacity"))
	pool := newPool(t, client, func(o *ec2pool.Options) { o.IPAMPoolID = "ipam-pool-1" })
	if got, err := pool.Allocate(t.Context()); !errors.Is(err, eippool.ErrLimit) {
		t.Errorf("Allocate = %v, %v, want ErrLimit", got, err)
	}
	if id := client.requests[0].(*ec2.AllocateAddressInput).IpamPoolId; aws.ToString(id) != "ipam-pool-1" {
		t.Errorf("IpamPoolId = %v", id)
	}
}

func TestRelease(t *testing.T) {
	lookup := describe(where("allocation-id", "eipalloc-1"))
	release := &ec2.ReleaseAddressInput{AllocationId: aws.String("eipalloc-1"), NetworkBorderGroup: aws.String("eu-central-1")}
	for name, test := range map[string]struct {
		answers []any
		want    error
		sent    []any
	}{
		"free":            {[]any{found(free("eipalloc-1")), &ec2.ReleaseAddressOutput{}}, nil, []any{lookup, release}},
		"absent":          {[]any{found()}, nil, []any{lookup}},
		"associated":      {[]any{found(held("eipalloc-1", "eipassoc-1", "eni-1"))}, eippool.ErrInUse, []any{lookup}},
		"associated now":  {[]any{found(free("eipalloc-1")), failure("InvalidIPAddress.InUse")}, eippool.ErrInUse, []any{lookup, release}},
		"gone now":        {[]any{found(free("eipalloc-1")), failure("InvalidAllocationID.NotFound")}, nil, []any{lookup, release}},
		"reverse name":    {[]any{found(free("eipalloc-1")), failure("InvalidAddress.Locked")}, eippool.ErrLocked, []any{lookup, release}},
		"cannot be known": {[]any{failure("RequestLimitExceeded")}, eippool.ErrThrottled, []any{lookup}},
	} {
		t.Run(name, func(t *testing.T) {
			client := record(t, test.answers...)
			if err := newPool(t, client).Release(t.Context(), "eipalloc-1"); !errors.Is(err, test.want) {
				t.Errorf("Release = %v, want %v", err, test.want)
			}
			client.sent(test.sent...)
		})
	}
}

func TestReverseName(t *testing.T) {
	client := record(t, &ec2.ModifyAddressAttributeOutput{}, &ec2.ResetAddressAttributeOutput{})
	pool := newPool(t, client)
	if err := pool.SetReverseName(t.Context(), "eipalloc-1", "a.example.com."); err != nil {
		t.Error(err)
	}
	if err := pool.ClearReverseName(t.Context(), "eipalloc-1"); err != nil {
		t.Error(err)
	}
	client.sent(
		&ec2.ModifyAddressAttributeInput{AllocationId: aws.String("eipalloc-1"), DomainName: aws.String("a.example.com")},
		&ec2.ResetAddressAttributeInput{AllocationId: aws.String("eipalloc-1"), Attribute: types.AddressAttributeNameDomainName},
	)
}

func TestNewRefuses(t *testing.T) {
	client := record(t)
	for name, change := range map[string]func(*ec2pool.Options){
		"no tags":    func(o *ec2pool.Options) { o.Tags = nil },
		"empty key":  func(o *ec2pool.Options) { o.Tags = ec2tag.Selector{ec2tag.Key("")} },
		"two pools":  func(o *ec2pool.Options) { o.PublicIPv4Pool, o.IPAMPoolID = "ipv4pool-ec2-1", "ipam-pool-1" },
		"tags clash": func(o *ec2pool.Options) { o.AllocateTags = map[string]string{"Pool": "voice"} },
	} {
		if _, err := ec2pool.New(client, media, change); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := ec2pool.New(nil, media); err == nil {
		t.Error("nil client: no error")
	}
	client.sent()
}
