package awssim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

func tagged(tags ...string) []types.TagSpecification {
	spec := types.TagSpecification{ResourceType: types.ResourceTypeElasticIp}
	for n := 0; n < len(tags); n += 2 {
		spec.Tags = append(spec.Tags, types.Tag{Key: &tags[n], Value: &tags[n+1]})
	}
	return []types.TagSpecification{spec}
}

func where(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: &name, Values: values}}
}

func TestAddressLifeCycle(t *testing.T) {
	runRules(t, []rule{
		{"allocate", "API page of AllocateAddress", nil, func(t *testing.T, w *world) {
			out, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc, TagSpecifications: tagged("pool", "media")})
			must(t, err)
			a := w.address(aws.ToString(out.AllocationId))
			equal(t, "IP", aws.ToString(out.PublicIp), a.IP.String())
			equal(t, "group", aws.ToString(out.NetworkBorderGroup), "eu-central-1")
			equal(t, "pool", aws.ToString(out.PublicIpv4Pool), "amazon")
			equal(t, "tag", a.Tags["pool"], "media")
		}},
		{"quota", "AWS-FACTS: quota 5, BYOIP not counted, AddressLimitExceeded", nil, func(t *testing.T, w *world) {
			for range 5 {
				w.allocate()
			}
			_, err := w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{})
			wantCode(t, err, "AddressLimitExceeded")
			_, err = w.ec2.AllocateAddress(t.Context(), &ec2.AllocateAddressInput{PublicIpv4Pool: aws.String("ipv4pool-ec2-012345")})
			must(t, err)
		}},
		{"release", "API page of ReleaseAddress", nil, func(t *testing.T, w *world) {
			a, one := w.allocate(), w.run(1)
			id, err := w.associate(a, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			wantCode(t, w.release(a, ""), "InvalidIPAddress.InUse")
			must(t, w.sim.Disassociate(id))
			wantCode(t, w.release(a, "us-east-1"), "InvalidAddress.NotFound")
			must(t, w.release(a, "eu-central-1"))
			wantCode(t, w.release(a, ""), "InvalidAllocationID.NotFound")
			equal(t, "addresses left", len(w.sim.Addresses()), 0)
		}},
		{"reverse name", "AWS-FACTS: forward A record first; while set InvalidAddress.Locked", nil, func(t *testing.T, w *world) {
			a := w.allocate()
			zone, err := w.sim.CreateZone("example.com")
			must(t, err)
			wantCode(t, w.setReverse(a, "www.example.com"), "InvalidParameterValue")
			must(t, w.sim.PutRecordSet(zone, awssim.RecordSet{Name: "www.example.com", Type: "A", TTL: 60, Values: []string{w.address(a).IP.String()}}))
			wantCode(t, w.setReverse(a, "www.example.com"), "InvalidParameterValue") // still PENDING
			time.Sleep(30 * time.Second)
			must(t, w.setReverse(a, "www.example.com"))
			wantCode(t, w.release(a, ""), "InvalidAddress.Locked")
			out, err := w.ec2.DescribeAddressesAttribute(t.Context(), &ec2.DescribeAddressesAttributeInput{AllocationIds: []string{a}, Attribute: types.AddressAttributeNameDomainName})
			must(t, err)
			equal(t, "PTR", aws.ToString(out.Addresses[0].PtrRecord), "www.example.com.")
			_, err = w.ec2.ResetAddressAttribute(t.Context(), &ec2.ResetAddressAttributeInput{AllocationId: &a, Attribute: types.AddressAttributeNameDomainName})
			must(t, err)
			must(t, w.release(a, ""))
		}},
	})
}

func (w *world) release(allocationID, group string) error {
	in := &ec2.ReleaseAddressInput{AllocationId: &allocationID}
	if group != "" {
		in.NetworkBorderGroup = &group
	}
	_, err := w.ec2.ReleaseAddress(w.t.Context(), in)
	return err
}

func (w *world) setReverse(allocationID, name string) error {
	_, err := w.ec2.ModifyAddressAttribute(w.t.Context(), &ec2.ModifyAddressAttributeInput{AllocationId: &allocationID, DomainName: &name})
	return err
}

func (w *world) describeAddresses(in *ec2.DescribeAddressesInput) []types.Address {
	w.t.Helper()
	out, err := w.ec2.DescribeAddresses(w.t.Context(), in)
	must(w.t, err)
	return out.Addresses
}

func TestDescribeAddresses(t *testing.T) {
	runRules(t, []rule{
		{"no pagination", "AWS-FACTS: one call returns all", func(o *awssim.Options) { o.AddressQuota = 2000 }, func(t *testing.T, w *world) {
			for range 1200 {
				w.allocate()
			}
			equal(t, "addresses", len(w.describeAddresses(&ec2.DescribeAddressesInput{})), 1200)
		}},
		{"unknown ID fails the call", "error codes page: InvalidAllocationID.NotFound", nil, func(t *testing.T, w *world) {
			_, err := w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{AllocationIds: []string{w.allocate(), "eipalloc-00000000000000001"}})
			wantCode(t, err, "InvalidAllocationID.NotFound")
			_, err = w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{PublicIps: []string{"192.0.2.1"}})
			wantCode(t, err, "InvalidAddress.NotFound")
		}},
		{"every filter", "AWS-FACTS: the filters of DescribeAddresses", nil, func(t *testing.T, w *world) {
			one, held := w.run(1), w.allocate()
			w.allocate()
			_, err := w.associate(held, one.Interfaces[0].ID, aws.Bool(false))
			must(t, err)
			must(t, w.sim.SetTags(held, map[string]string{"pool": "media"}))
			a := w.address(held)
			for name, value := range map[string]string{"allocation-id": held, "association-id": a.AssociationID, "instance-id": one.ID,
				"network-interface-id": one.Interfaces[0].ID, "public-ip": a.IP.String(), "tag:pool": "media", "tag-key": "pool"} {
				found := w.describeAddresses(&ec2.DescribeAddressesInput{Filters: where(name, value)})
				if len(found) != 1 || aws.ToString(found[0].AllocationId) != held {
					t.Errorf("filter %s: %d addresses", name, len(found))
				}
			}
			equal(t, "group", len(w.describeAddresses(&ec2.DescribeAddressesInput{Filters: where("network-border-group", "eu-central-1")})), 2)
		}},
		{"filters are ANDed, values ORed", "Using filtering", nil, func(t *testing.T, w *world) {
			for _, pool := range []string{"a", "b", "c"} {
				must(t, w.sim.SetTags(w.allocate(), map[string]string{"pool": pool, "env": "prod"}))
			}
			both := append(where("tag:pool", "a", "b"), where("tag:env", "prod")...)
			equal(t, "a or b", len(w.describeAddresses(&ec2.DescribeAddressesInput{Filters: both})), 2)
			both[1].Values = []string{"test"}
			equal(t, "none", len(w.describeAddresses(&ec2.DescribeAddressesInput{Filters: both})), 0)
		}},
		{"wildcards", "Using filtering: * and ?, backslash escapes; case-sensitive", nil, func(t *testing.T, w *world) {
			must(t, w.sim.SetTags(w.allocate(), map[string]string{"pool": "media-1"}))
			must(t, w.sim.SetTags(w.allocate(), map[string]string{"pool": "media-*"}))
			for pattern, want := range map[string]int{"media-*": 2, "media-?": 2, `media-\*`: 1, `media-\?`: 0, "*": 2, "m*a-?": 2, "media": 0, "Media-1": 0, "media-1?": 0, "*1": 1} {
				equal(t, pattern, len(w.describeAddresses(&ec2.DescribeAddressesInput{Filters: where("tag:pool", pattern)})), want)
			}
		}},
		{"unknown filter", "error codes page: InvalidParameterValue", nil, func(t *testing.T, w *world) {
			_, err := w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{Filters: where("allocationid", "x")})
			wantCode(t, err, "InvalidParameterValue")
		}},
		{"too many filter values", "Using filtering: up to 200 values", nil, func(t *testing.T, w *world) {
			_, err := w.ec2.DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{Filters: where("public-ip", make([]string, 201)...)})
			wantCode(t, err, "FilterLimitExceeded")
		}},
		{"service-managed shows", "API page of Address", nil, func(t *testing.T, w *world) {
			must(t, w.sim.SetServiceManaged(w.allocate(), "alb"))
			equal(t, "serviceManaged", w.describeAddresses(&ec2.DescribeAddressesInput{})[0].ServiceManaged, types.ServiceManagedAlb)
		}},
	})
}

func TestTags(t *testing.T) {
	runRules(t, []rule{
		{"create and delete", "API pages of CreateTags and DeleteTags", nil, func(t *testing.T, w *world) {
			a, i := w.allocate(), w.run(1)
			resources := []string{a, i.ID, i.Interfaces[0].ID}
			_, err := w.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: resources, Tags: []types.Tag{
				{Key: aws.String("k"), Value: aws.String("v")}, {Key: aws.String("l"), Value: aws.String("")}}})
			must(t, err)
			equal(t, "address", w.address(a).Tags["k"], "v")
			equal(t, "instance", len(w.instance(i.ID).Tags), 2)
			_, err = w.ec2.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{a}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("other")}, {Key: aws.String("l")}}})
			must(t, err)
			equal(t, "left", len(w.address(a).Tags), 1)
		}},
		{"all or nothing", "error codes page: InvalidID, TagLimitExceeded", nil, func(t *testing.T, w *world) {
			a := w.allocate()
			tags := []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
			_, err := w.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{a, "i-00000000000000001"}, Tags: tags})
			wantCode(t, err, "InvalidInstanceID.NotFound")
			_, err = w.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{a, "sofa-1"}, Tags: tags})
			wantCode(t, err, "InvalidID")
			_, err = w.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{a}, Tags: []types.Tag{{Key: aws.String("aws:x")}}})
			wantCode(t, err, "InvalidParameterValue")
			equal(t, "tags", len(w.address(a).Tags), 0)
		}},
	})
}
