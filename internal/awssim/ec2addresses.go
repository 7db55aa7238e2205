package awssim

// addressFilters are the filters of DescribeAddresses beside those of tags.
func addressFilters() []string {
	return []string{"allocation-id", "association-id", "instance-id", "network-border-group", "network-interface-id", "public-ip"}
}

func allocateAddress(f *form) func(*model) (any, error) {
	spec := allocateSpec{borderGroup: f.str("NetworkBorderGroup"), pool: f.str("PublicIpv4Pool")}
	spec.tags = f.tagSpecification("elastic-ip")["elastic-ip"]
	if domain := f.str("Domain"); domain != "" && domain != "vpc" {
		f.fail(refusef("InvalidParameterValue", "Invalid value '%s' for domain.", domain))
	}
	return func(m *model) (any, error) {
		a, err := m.allocate(spec)
		if err != nil {
			return nil, err
		}
		return &allocateAddressReply{AllocationID: a.allocationID, PublicIP: a.ip.String(), Domain: "vpc",
			NetworkBorderGroup: a.borderGroup, PublicIPv4Pool: a.pool}, nil
	}
}

type allocateAddressReply struct {
	ec2Reply
	PublicIP           string `xml:"publicIp"`
	AllocationID       string `xml:"allocationId"`
	Domain             string `xml:"domain"`
	PublicIPv4Pool     string `xml:"publicIpv4Pool"`
	NetworkBorderGroup string `xml:"networkBorderGroup"`
}

// done is the answer of calls that return no more than that.
type done struct {
	ec2Reply
	Return bool `xml:"return"`
}

func asDone(err error) (any, error) { return &done{Return: err == nil}, err }

func releaseAddress(f *form) func(*model) (any, error) {
	id, borderGroup := f.str("AllocationId"), f.str("NetworkBorderGroup")
	if f.str("PublicIp") != "" {
		f.fail(refusef("InvalidParameterValue", "You must specify an allocation id when releasing a VPC elastic IP address"))
	}
	return func(m *model) (any, error) { return asDone(m.release(id, borderGroup)) }
}

func associateAddress(f *form) func(*model) (any, error) {
	spec := associateSpec{
		allocationID: f.str("AllocationId"), publicIP: f.str("PublicIp"),
		instanceID: f.str("InstanceId"), interfaceID: f.str("NetworkInterfaceId"), privateIP: f.str("PrivateIpAddress"),
		refuseReassociation: !f.boolean("AllowReassociation", true),
	}
	return func(m *model) (any, error) {
		id, err := m.associate(spec)
		return &associateAddressReply{done: done{Return: true}, AssociationID: id}, err
	}
}

type associateAddressReply struct {
	done
	AssociationID string `xml:"associationId"`
}

func disassociateAddress(f *form) func(*model) (any, error) {
	id := f.str("AssociationId")
	if f.str("PublicIp") != "" {
		f.fail(refusef("InvalidParameterValue", "You must specify an association id when unmapping an address from a VPC instance"))
	}
	return func(m *model) (any, error) { return asDone(m.disassociate(id)) }
}

func describeAddresses(f *form) func(*model) (any, error) {
	q := addressQuery{allocationIDs: f.list("AllocationId"), publicIPs: f.list("PublicIp"), filters: f.filters(addressFilters()...)}
	return func(m *model) (any, error) {
		found, err := m.describeAddresses(q)
		rep := &describeAddressesReply{}
		for _, a := range found {
			rep.Addresses.Items = append(rep.Addresses.Items, m.describeAddress(a))
		}
		return rep, err
	}
}

type describeAddressesReply struct {
	ec2Reply
	Addresses list[addressItem] `xml:"addressesSet"`
}

// list is a list of the Query protocol, which is there even if it is empty.
type list[T any] struct {
	Items []T `xml:"item"`
}

type addressItem struct {
	PublicIP                string         `xml:"publicIp"`
	AllocationID            string         `xml:"allocationId"`
	Domain                  string         `xml:"domain"`
	InstanceID              string         `xml:"instanceId,omitempty"`
	AssociationID           string         `xml:"associationId,omitempty"`
	NetworkInterfaceID      string         `xml:"networkInterfaceId,omitempty"`
	NetworkInterfaceOwnerID string         `xml:"networkInterfaceOwnerId,omitempty"`
	PrivateIP               string         `xml:"privateIpAddress,omitempty"`
	SubnetID                string         `xml:"subnetId,omitempty"`
	Tags                    *list[tagItem] `xml:"tagSet"`
	PublicIPv4Pool          string         `xml:"publicIpv4Pool"`
	NetworkBorderGroup      string         `xml:"networkBorderGroup"`
	ServiceManaged          string         `xml:"serviceManaged,omitempty"`
}

func (m *model) describeAddress(a *address) addressItem {
	item := addressItem{PublicIP: a.ip.String(), AllocationID: a.allocationID, Domain: "vpc", InstanceID: a.instanceID(),
		Tags: tagItems(a.tags), PublicIPv4Pool: a.pool, NetworkBorderGroup: a.borderGroup, ServiceManaged: a.serviceManaged}
	if a.eni != nil {
		item.AssociationID, item.PrivateIP = a.associationID, a.privateIP.String()
		item.NetworkInterfaceID, item.NetworkInterfaceOwnerID, item.SubnetID = a.eni.id, m.opts.AccountID, a.eni.subnet.id
	}
	return item
}
