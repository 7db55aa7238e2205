package awssim

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// netInterface is one elastic network interface.
type netInterface struct {
	id, description   string
	subnet            *subnet
	ips               []netip.Addr // private, the primary one first
	tags              map[string]string
	autoAssignedIP    netip.Addr // Amazon's public address of the primary private one
	held              []*address // Elastic IPs, at most one for each private address
	instance          *instance  // nil while it is not attached
	attachmentID      string
	deviceIndex       int
	attachedAt        time.Time
	keepOnTermination bool
}

// createInterface makes a detached interface with 1 + secondaryIPs private addresses.
func (m *model) createInterface(sub *subnet, secondaryIPs int, tags map[string]string) (*netInterface, error) {
	eni := &netInterface{id: m.ids.ec2("eni"), subnet: sub, tags: maps.Clone(tags)}
	for range 1 + secondaryIPs {
		ip, ok := sub.free.next()
		if !ok {
			return nil, refusef("InsufficientFreeAddressesInSubnet", "Subnet '%s' has no free addresses left", sub.id)
		}
		eni.ips = append(eni.ips, ip)
	}
	m.interfaces[eni.id] = eni
	return eni, nil
}

func (m *model) attach(eni *netInterface, i *instance, deviceIndex int, keepOnTermination bool) {
	eni.instance, eni.attachmentID = i, m.ids.ec2("eni-attach")
	eni.deviceIndex, eni.attachedAt, eni.keepOnTermination = deviceIndex, m.now.UTC(), keepOnTermination
	i.interfaces = append(i.interfaces, eni)
	m.touchInterface(eni)
	slices.SortFunc(i.interfaces, func(a, b *netInterface) int { return cmp.Compare(a.deviceIndex, b.deviceIndex) })
}

// attachInterface is AttachNetworkInterface. An interface that is attached
// later outlives the instance.
func (m *model) attachInterface(interfaceID, instanceID string, deviceIndex int) (attachmentID string, err error) {
	eni, err := m.findInterface(interfaceID)
	if err != nil {
		return "", err
	}
	found, err := m.findInstances([]string{instanceID})
	if err != nil {
		return "", err
	}
	i := found[0]
	switch {
	case eni.instance != nil:
		return "", refusef("InvalidNetworkInterface.InUse", "Interface: [%s] in use.", eni.id)
	case i.state != Running && i.state != Stopped:
		return "", refusef("IncorrectState", "Instance '%s' is not 'running' or 'stopped'.", i.id)
	case eni.subnet.zone != i.subnet.zone:
		return "", refusef("InvalidParameterCombination", "You may not attach a network interface to an instance if they are not in the same availability zone")
	case slices.ContainsFunc(i.interfaces, func(other *netInterface) bool { return other.deviceIndex == deviceIndex }):
		return "", refusef("InvalidParameterValue", "Instance '%s' already has an interface attached at device index '%d'.", i.id, deviceIndex)
	}
	m.attach(eni, i, deviceIndex, true)
	return eni.attachmentID, nil
}

// detachAll ends the instance's attachments at its termination. Most interfaces
// are deleted with it; one that stays keeps its Elastic IP.
func (m *model) detachAll(i *instance) {
	for _, eni := range i.interfaces {
		m.touchInterface(eni)
		eni.instance, eni.attachmentID, eni.autoAssignedIP = nil, "", netip.Addr{}
		if eni.keepOnTermination {
			continue
		}
		for _, a := range slices.Clone(eni.held) {
			m.dissociate(a)
		}
		delete(m.interfaces, eni.id)
	}
	i.interfaces = nil
}

func (m *model) findInterface(id string) (*netInterface, error) {
	if !wellFormed("eni-", id) {
		return nil, refusef("InvalidNetworkInterfaceId.Malformed", "Invalid id: %q", id)
	}
	eni, ok := m.interfaces[id]
	if !ok {
		return nil, notFound("InvalidNetworkInterfaceID.NotFound", "networkInterface", []string{id})
	}
	return eni, nil
}

// checkInterfaceSpecs refuses what equip could not carry out.
func (m *model) checkInterfaceSpecs(spec launchSpec, sub *subnet) error {
	seen := map[int]bool{}
	for _, s := range spec.interfaces {
		if seen[s.deviceIndex] {
			return refusef("InvalidParameterValue", "Network interfaces' device index '%d' is used twice", s.deviceIndex)
		}
		seen[s.deviceIndex] = true
		if err := m.checkInterfaceSpec(s, spec, sub); err != nil {
			return err
		}
	}
	if len(seen) > 0 && !seen[0] {
		return refusef("InvalidParameterValue", "A network interface with device index 0 must be specified")
	}
	return nil
}

func (m *model) checkInterfaceSpec(s interfaceSpec, spec launchSpec, sub *subnet) error {
	if s.subnetID != "" && s.subnetID != sub.id {
		return refusef("InvalidParameterCombination", "Network interfaces of one instance must be in the same availability zone")
	}
	if s.existingInterfaceID == "" {
		return nil
	}
	eni, err := m.findInterface(s.existingInterfaceID)
	switch {
	case err != nil:
		return err
	case spec.max > 1:
		return refusef("InvalidParameterCombination", "A network interface may not be specified when launching more than one instance")
	case eni.instance != nil:
		return refusef("InvalidNetworkInterface.InUse", "Interface: [%s] in use.", eni.id)
	}
	return nil
}

// equip gives a new instance its interfaces: those asked for, or one.
func (m *model) equip(i *instance, spec launchSpec) error {
	specs := spec.interfaces
	if len(specs) == 0 {
		specs = []interfaceSpec{{autoAssignedIP: !m.opts.NoAutoAssignedIP}}
	}
	for _, s := range specs {
		eni, err := m.interfaceFor(i, s, spec.interfaceTags)
		if err != nil {
			return err
		}
		m.attach(eni, i, s.deviceIndex, s.keepOnTermination)
		if s.deviceIndex == 0 {
			i.privateIP, i.noAutoAssignedIP = eni.ips[0], !s.autoAssignedIP
		}
	}
	m.autoAssign(i)
	return nil
}

func (m *model) interfaceFor(i *instance, s interfaceSpec, tags map[string]string) (*netInterface, error) {
	if s.existingInterfaceID != "" {
		return m.findInterface(s.existingInterfaceID)
	}
	return m.createInterface(i.subnet, s.secondaryIPs, tags)
}

// autoAssign gives the instance one of Amazon's public addresses if it is to
// have one. An instance with a second interface gets none, nor does one that
// has an Elastic IP (EC2 User Guide, instance addressing).
func (m *model) autoAssign(i *instance) {
	if i.noAutoAssignedIP || len(i.interfaces) != 1 {
		return
	}
	eni := i.interfaces[0]
	if !eni.autoAssignedIP.IsValid() && eni.holder(eni.ips[0]) == nil {
		eni.autoAssignedIP, _ = m.autoAssigned.next()
		m.touch(i)
	}
}

func (i *instance) dropAutoAssigned() {
	for _, eni := range i.interfaces {
		eni.autoAssignedIP = netip.Addr{}
	}
}

// autoAssignLater gives the instance a public address back, some time after
// it lost its Elastic IP.
func (m *model) autoAssignLater(i *instance) {
	i.autoAssignPlans++
	plan := i.autoAssignPlans
	m.after(m.opts.PublicIPReturnsAfter, func() {
		if i.autoAssignPlans == plan && i.state == Running {
			m.autoAssign(i)
		}
	})
}

// holder returns the Elastic IP of this private address, nil if it has none.
func (e *netInterface) holder(privateIP netip.Addr) *address {
	n := slices.IndexFunc(e.held, func(a *address) bool { return a.privateIP == privateIP })
	if n < 0 {
		return nil
	}
	return e.held[n]
}
