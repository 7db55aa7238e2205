package awssim

func createNetworkInterface(f *form) func(*model) (any, error) {
	subnetID, secondary := f.str("SubnetId"), f.integer("SecondaryPrivateIpAddressCount", 0)
	tags, description := f.tagSpecification("network-interface")["network-interface"], f.str("Description")
	f.ignore("SecurityGroupId", "ClientToken", "InterfaceType")
	if subnetID == "" {
		f.fail(refusef("MissingParameter", "The request must contain the parameter subnetId"))
	}
	return func(m *model) (any, error) {
		sub, err := m.findSubnet(subnetID)
		if err != nil {
			return nil, err
		}
		eni, err := m.createInterface(sub, secondary, tags)
		if err != nil {
			return nil, err
		}
		eni.description = description
		created := createdInterface{interfaceItem: m.describeInterface(eni), Zone: sub.zone.Name, Tags: tagItems(eni.tags)}
		return &createNetworkInterfaceReply{Interface: created}, nil
	}
}

type createNetworkInterfaceReply struct {
	ec2Reply
	Interface createdInterface `xml:"networkInterface"`
}

type createdInterface struct {
	interfaceItem
	Zone string         `xml:"availabilityZone"`
	Tags *list[tagItem] `xml:"tagSet"`
}

func attachNetworkInterface(f *form) func(*model) (any, error) {
	eni, instance, index := f.str("NetworkInterfaceId"), f.str("InstanceId"), f.integer("DeviceIndex", 0)
	f.ignore("NetworkCardIndex")
	return func(m *model) (any, error) {
		id, err := m.attachInterface(eni, instance, index)
		return &attachNetworkInterfaceReply{AttachmentID: id}, err
	}
}

type attachNetworkInterfaceReply struct {
	ec2Reply
	AttachmentID string `xml:"attachmentId"`
}
