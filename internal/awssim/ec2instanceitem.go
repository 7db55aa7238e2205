package awssim

import (
	"net/netip"
	"strings"
	"time"
)

type instanceItem struct {
	InstanceID     string              `xml:"instanceId"`
	ImageID        string              `xml:"imageId,omitempty"`
	State          stateItem           `xml:"instanceState"`
	LaunchIndex    int                 `xml:"amiLaunchIndex"`
	ClientToken    string              `xml:"clientToken,omitempty"`
	Type           string              `xml:"instanceType"`
	LaunchTime     string              `xml:"launchTime"`
	Placement      placementItem       `xml:"placement"`
	SubnetID       string              `xml:"subnetId,omitempty"`
	VPCID          string              `xml:"vpcId,omitempty"`
	PrivateIP      string              `xml:"privateIpAddress,omitempty"`
	PrivateName    string              `xml:"privateDnsName"`
	PublicIP       string              `xml:"ipAddress,omitempty"`
	PublicName     string              `xml:"dnsName"`
	Architecture   string              `xml:"architecture"`
	Reason         string              `xml:"reason"`
	StateReason    *stateReasonItem    `xml:"stateReason"`
	Interfaces     list[interfaceItem] `xml:"networkInterfaceSet"`
	Tags           *list[tagItem]      `xml:"tagSet"`
	RootDevice     string              `xml:"rootDeviceType"`
	Virtualization string              `xml:"virtualizationType"`
}

type placementItem struct {
	Zone    string `xml:"availabilityZone"`
	Tenancy string `xml:"tenancy"`
}

type stateReasonItem struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

type interfaceItem struct {
	ID          string              `xml:"networkInterfaceId"`
	SubnetID    string              `xml:"subnetId"`
	VPCID       string              `xml:"vpcId"`
	Description string              `xml:"description,omitempty"`
	OwnerID     string              `xml:"ownerId"`
	Status      string              `xml:"status"`
	PrivateIP   string              `xml:"privateIpAddress"`
	PrivateIPs  list[privateIPItem] `xml:"privateIpAddressesSet"`
	Attachment  *attachmentItem     `xml:"attachment"`
	Association *associationItem    `xml:"association"`
}

type attachmentItem struct {
	ID                  string `xml:"attachmentId"`
	DeviceIndex         int    `xml:"deviceIndex"`
	Status              string `xml:"status"`
	AttachTime          string `xml:"attachTime"`
	DeleteOnTermination bool   `xml:"deleteOnTermination"`
}

type privateIPItem struct {
	PrivateIP   string           `xml:"privateIpAddress"`
	Primary     bool             `xml:"primary"`
	Association *associationItem `xml:"association"`
}

// associationItem tells Amazon's public address from the account's by its owner.
type associationItem struct {
	PublicIP   string `xml:"publicIp"`
	PublicName string `xml:"publicDnsName"`
	OwnerID    string `xml:"ipOwnerId"`
}

func (m *model) describeInstance(i *instance) instanceItem {
	item := instanceItem{InstanceID: i.id, ImageID: i.imageID, State: stateOf(i.state), LaunchIndex: i.launchIndex,
		ClientToken: i.clientToken, Type: i.kind, LaunchTime: timestamp(i.launchedAt), Architecture: "x86_64",
		Placement: placementItem{Zone: i.subnet.zone.Name, Tenancy: "default"}, Tags: tagItems(i.tags),
		RootDevice: "ebs", Virtualization: "hvm"}
	if i.state == ShuttingDown || i.state == Terminated {
		item.StateReason = &stateReasonItem{Code: "Client.UserInitiatedShutdown", Message: "Client.UserInitiatedShutdown: User initiated shutdown"}
	}
	for _, eni := range i.interfaces {
		described := m.describeInterface(eni)
		item.Interfaces.Items = append(item.Interfaces.Items, described)
		if eni.deviceIndex == 0 {
			m.describePrimary(&item, described)
		}
	}
	return item
}

// describePrimary repeats at the instance what its primary interface says.
func (m *model) describePrimary(item *instanceItem, eni interfaceItem) {
	item.SubnetID, item.VPCID, item.PrivateIP = eni.SubnetID, eni.VPCID, eni.PrivateIP
	item.PrivateName = "ip-" + strings.ReplaceAll(eni.PrivateIP, ".", "-") + "." + m.opts.Region + ".compute.internal"
	if eni.Association != nil {
		item.PublicIP, item.PublicName = eni.Association.PublicIP, eni.Association.PublicName
	}
}

func (m *model) describeInterface(eni *netInterface) interfaceItem {
	item := interfaceItem{ID: eni.id, SubnetID: eni.subnet.id, VPCID: vpcID, Description: eni.description, OwnerID: m.opts.AccountID,
		Status: "available", PrivateIP: eni.ips[0].String(), Association: m.association(eni, eni.ips[0])}
	if eni.instance != nil {
		item.Status = "in-use"
		item.Attachment = &attachmentItem{ID: eni.attachmentID, DeviceIndex: eni.deviceIndex, Status: "attached",
			AttachTime: timestamp(eni.attachedAt), DeleteOnTermination: !eni.keepOnTermination}
	}
	for n, ip := range eni.ips {
		private := privateIPItem{PrivateIP: ip.String(), Primary: n == 0, Association: m.association(eni, ip)}
		item.PrivateIPs.Items = append(item.PrivateIPs.Items, private)
	}
	return item
}

// association returns the public address of a private one, nil if there is none.
func (m *model) association(eni *netInterface, privateIP netip.Addr) *associationItem {
	owner, ip := m.opts.AccountID, netip.Addr{}
	if a := eni.holder(privateIP); a != nil {
		ip = a.ip
	} else if privateIP == eni.ips[0] {
		owner, ip = "amazon", eni.autoAssignedIP
	}
	if !ip.IsValid() {
		return nil
	}
	name := "ec2-" + strings.ReplaceAll(ip.String(), ".", "-") + "." + m.opts.Region + ".compute.amazonaws.com"
	return &associationItem{PublicIP: ip.String(), PublicName: name, OwnerID: owner}
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
