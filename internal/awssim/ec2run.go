package awssim

// runInstances reads RunInstances. What the model has no notion of, such as
// disks, is accepted and ignored.
func runInstances(f *form) func(*model) (any, error) {
	tags := f.tagSpecification("instance", "network-interface", "volume", "spot-instances-request")
	spec := launchSpec{
		min: f.integer("MinCount", 0), max: f.integer("MaxCount", 0),
		kind: f.str("InstanceType"), imageID: f.str("ImageId"), clientToken: f.str("ClientToken"),
		zone: f.str("Placement.AvailabilityZone"), subnetID: f.str("SubnetId"),
		tags: tags["instance"], interfaceTags: tags["network-interface"],
	}
	for _, item := range f.items("NetworkInterface") {
		spec.interfaces = append(spec.interfaces, interfaceOf(item))
	}
	if spec.imageID == "" && !f.has("LaunchTemplate.LaunchTemplateId") && !f.has("LaunchTemplate.LaunchTemplateName") {
		f.fail(refusef("MissingParameter", "The request must contain the parameter ImageId"))
	}
	if spec.subnetID != "" && len(spec.interfaces) > 0 {
		f.fail(refusef("InvalidParameterCombination", "Network interfaces and an instance-level subnet ID may not be specified on the same request"))
	}
	f.ignore("BlockDeviceMapping", "KeyName", "SecurityGroup", "SecurityGroupId", "UserData", "IamInstanceProfile", "Monitoring",
		"EbsOptimized", "LaunchTemplate", "InstanceMarketOptions", "MetadataOptions", "CreditSpecification", "CpuOptions",
		"InstanceInitiatedShutdownBehavior", "DisableApiTermination", "DisableApiStop", "Placement.Tenancy", "Placement.GroupName")
	return func(m *model) (any, error) {
		if spec.kind == "" {
			spec.kind = "m1.small" // the API page's default
		}
		started, err := m.runInstances(spec)
		if err != nil {
			return nil, err
		}
		return &runInstancesReply{reservation: m.reservation(started)}, nil
	}
}

func interfaceOf(f *form) interfaceSpec {
	spec := interfaceSpec{
		deviceIndex: f.integer("DeviceIndex", 0), subnetID: f.str("SubnetId"), existingInterfaceID: f.str("NetworkInterfaceId"),
		secondaryIPs:      f.integer("SecondaryPrivateIpAddressCount", 0),
		keepOnTermination: !f.boolean("DeleteOnTermination", true),
		autoAssignedIP:    f.boolean("AssociatePublicIpAddress", true),
	}
	f.ignore("SecurityGroupId", "Description", "InterfaceType", "NetworkCardIndex")
	return spec
}

type runInstancesReply struct {
	ec2Reply
	reservation
}

type reservation struct {
	ReservationID string             `xml:"reservationId"`
	OwnerID       string             `xml:"ownerId"`
	Groups        list[struct{}]     `xml:"groupSet"`
	Instances     list[instanceItem] `xml:"instancesSet"`
}

// reservation puts instances of one launch together.
func (m *model) reservation(of []*instance) reservation {
	r := reservation{ReservationID: of[0].reservationID, OwnerID: m.opts.AccountID}
	for _, i := range of {
		r.Instances.Items = append(r.Instances.Items, m.describeInstance(i))
	}
	return r
}

// changeStatesAction is start, stop or terminate.
func changeStatesAction(change func(*model, []string) ([]transition, error), ignored ...string) ec2Action {
	return func(f *form) func(*model) (any, error) {
		ids := f.list("InstanceId")
		f.ignore(ignored...)
		return func(m *model) (any, error) {
			moved, err := change(m, ids)
			rep := &changeStatesReply{}
			for _, t := range moved {
				item := changeStatesItem{InstanceID: t.id, Current: stateOf(t.then), Previous: stateOf(t.before)}
				rep.Instances.Items = append(rep.Instances.Items, item)
			}
			return rep, err
		}
	}
}

type changeStatesReply struct {
	ec2Reply
	Instances list[changeStatesItem] `xml:"instancesSet"`
}

type changeStatesItem struct {
	InstanceID string    `xml:"instanceId"`
	Current    stateItem `xml:"currentState"`
	Previous   stateItem `xml:"previousState"`
}

type stateItem struct {
	Code int   `xml:"code"`
	Name State `xml:"name"`
}

func stateOf(s State) stateItem { return stateItem{Code: s.code(), Name: s} }
