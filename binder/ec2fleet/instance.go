package ec2fleet

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eipbinder/eipbinder/binder"
)

func (f *Fleet) instance(i types.Instance) binder.Instance {
	tags := tagMap(i.Tags)
	instance := binder.Instance{
		ID:         aws.ToString(i.InstanceId),
		Eligible:   f.options.Tags.Matches(tags),
		Type:       string(i.InstanceType),
		LaunchedAt: aws.ToTime(i.LaunchTime),
		Tags:       tags,
	}
	if i.State != nil {
		instance.State = binder.State(i.State.Name)
	}
	if i.Placement != nil {
		instance.AvailabilityZone = aws.ToString(i.Placement.AvailabilityZone)
		instance.NetworkBorderGroup = f.options.NetworkBorderGroup(instance.AvailabilityZone)
	}
	if at := slices.IndexFunc(i.NetworkInterfaces, primary); at >= 0 {
		ni := i.NetworkInterfaces[at]
		instance.NetworkInterfaceID = aws.ToString(ni.NetworkInterfaceId)
		instance.PrivateIP = parseIP(ni.PrivateIpAddress)
		instance.ElasticIP = elasticIP(ni)
	}
	return instance
}

// primary reports whether the interface is the first of the first network
// card. EC2 lists interfaces in no particular order, and a plug-in such as the VPC CNI
// adds some.
func primary(ni types.InstanceNetworkInterface) bool {
	a := ni.Attachment
	return a != nil && a.DeviceIndex != nil && *a.DeviceIndex == 0 && aws.ToInt32(a.NetworkCardIndex) == 0
}

// elasticIP returns the Elastic IP address of the interface's primary private
// address, or else of another one; the zero Addr if it has none.
func elasticIP(ni types.InstanceNetworkInterface) netip.Addr {
	associations := []*types.InstanceNetworkInterfaceAssociation{ni.Association}
	for _, private := range ni.PrivateIpAddresses {
		associations = append(associations, private.Association)
	}
	for _, a := range associations {
		// The owner of an auto-assigned public address is "amazon", that of an
		// Elastic IP address an account or a service.
		if a != nil && aws.ToString(a.IpOwnerId) != "amazon" {
			// In a Wavelength Zone the address is the carrier's.
			return parseIP(aws.String(cmp.Or(aws.ToString(a.PublicIp), aws.ToString(a.CarrierIp))))
		}
	}
	return netip.Addr{}
}

// parseIP returns the address, or the zero Addr ("not known") if there is none.
func parseIP(text *string) netip.Addr {
	ip, err := netip.ParseAddr(aws.ToString(text))
	if err != nil {
		return netip.Addr{}
	}
	return ip
}

func tagMap(tags []types.Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}
