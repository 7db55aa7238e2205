package awssim

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// LaunchSpec says what [Sim.Launch] starts.
type LaunchSpec struct {
	// Count is the number of instances; zero means one.
	Count int
	// Type is the instance type; empty means "c7gn.large".
	Type string
	// Zone is one of the Options' zones; empty lets launches go round.
	Zone string
	// Interfaces is the number of network interfaces of each; zero means one.
	Interfaces int
	// SecondaryIPs is the number of further private addresses of the primary interface.
	SecondaryIPs int
	// Tags are the instances' tags.
	Tags map[string]string
}

// Launch starts instances, as RunInstances does, and returns their IDs.
func (s *Sim) Launch(spec LaunchSpec) (instanceIDs []string, err error) {
	count := max(spec.Count, 1)
	l := launchSpec{min: count, max: count, kind: spec.Type, zone: spec.Zone, tags: spec.Tags, imageID: "ami-00000000000000001"}
	if l.kind == "" {
		l.kind = "c7gn.large"
	}
	for index := range max(spec.Interfaces, 1) {
		l.interfaces = append(l.interfaces, interfaceSpec{deviceIndex: index, autoAssignedIP: !s.opts.NoAutoAssignedIP})
	}
	l.interfaces[0].secondaryIPs = spec.SecondaryIPs
	err = s.update(func(m *model) error {
		started, err := m.runInstances(l)
		for _, i := range started {
			instanceIDs = append(instanceIDs, i.id)
		}
		return err
	})
	return instanceIDs, err
}

// Start starts stopped instances.
func (s *Sim) Start(instanceIDs ...string) error {
	return s.update(func(m *model) error { _, err := m.startInstances(instanceIDs); return err })
}

// Stop stops instances: they keep their Elastic IP addresses.
func (s *Sim) Stop(instanceIDs ...string) error {
	return s.update(func(m *model) error { _, err := m.stopInstances(instanceIDs); return err })
}

// Terminate terminates instances.
func (s *Sim) Terminate(instanceIDs ...string) error {
	return s.update(func(m *model) error { _, err := m.terminateInstances(instanceIDs); return err })
}

// Allocate allocates an Elastic IP address of the network border group (empty
// means the Region's) with these tags, and returns its allocation ID.
func (s *Sim) Allocate(networkBorderGroup string, tags map[string]string) (allocationID string, err error) {
	err = s.update(func(m *model) error {
		a, err := m.allocate(allocateSpec{borderGroup: networkBorderGroup, tags: tags})
		if err == nil {
			allocationID = a.allocationID
		}
		return err
	})
	return allocationID, err
}

// Associate moves an address to an interface by hand, as somebody at the
// console would: it takes and displaces what is in the way.
func (s *Sim) Associate(allocationID, networkInterfaceID string) (associationID string, err error) {
	err = s.update(func(m *model) error {
		associationID, err = m.associate(associateSpec{allocationID: allocationID, interfaceID: networkInterfaceID})
		return err
	})
	return associationID, err
}

// Disassociate ends an association by hand.
func (s *Sim) Disassociate(associationID string) error {
	return s.update(func(m *model) error { return m.disassociate(associationID) })
}

// Release gives an address back by hand.
func (s *Sim) Release(allocationID string) error {
	return s.update(func(m *model) error { return m.release(allocationID, "") })
}

// SetServiceManaged marks an address as managed by an AWS service, such as
// "alb"; empty takes the mark away.
func (s *Sim) SetServiceManaged(allocationID, service string) error {
	return s.update(func(m *model) error {
		a, err := m.findAddress(allocationID)
		if err == nil {
			m.touchAddress(a)
			a.serviceManaged = service
		}
		return err
	})
}

// SetTags replaces all tags of an instance, an interface or an address.
func (s *Sim) SetTags(resourceID string, tags map[string]string) error {
	return s.update(func(m *model) error {
		place, err := m.tagsOf(resourceID)
		if err == nil {
			*place = maps.Clone(tags)
		}
		return err
	})
}

// Address is one Elastic IP address as it is.
type Address struct {
	AllocationID       string
	IP                 netip.Addr
	AssociationID      string // empty while it is not associated, as are the next three
	NetworkInterfaceID string
	InstanceID         string
	PrivateIP          netip.Addr
	NetworkBorderGroup string
	PublicIPv4Pool     string
	ServiceManaged     string
	ReverseName        string
	Tags               map[string]string
}

// Addresses returns all addresses in the order of their allocation.
func (s *Sim) Addresses() []Address {
	var all []Address
	s.view(func(m *model) {
		for _, id := range m.allocated {
			all = append(all, m.addresses[id].snapshot())
		}
	})
	return all
}

func (a *address) snapshot() Address {
	snap := Address{AllocationID: a.allocationID, IP: a.ip, AssociationID: a.associationID, InstanceID: a.instanceID(), PrivateIP: a.privateIP,
		NetworkBorderGroup: a.borderGroup, PublicIPv4Pool: a.pool, ServiceManaged: a.serviceManaged, ReverseName: a.reverseName, Tags: maps.Clone(a.tags)}
	if a.eni != nil {
		snap.NetworkInterfaceID = a.eni.id
	}
	return snap
}

// Instance is one instance as it is.
type Instance struct {
	ID         string
	State      State
	Type       string
	Zone       string
	LaunchedAt time.Time
	Tags       map[string]string
	// Interfaces are the attached ones by device index; none once terminated.
	Interfaces []Interface
}

// Interface is one attached network interface as it is.
type Interface struct {
	ID             string
	DeviceIndex    int
	PrivateIPs     []netip.Addr // the primary one first
	AutoAssignedIP netip.Addr   // Amazon's public address; the zero Addr if there is none
}

// Instances returns all instances that can be described, in the order of their launch.
func (s *Sim) Instances() []Instance {
	var all []Instance
	s.view(func(m *model) {
		for _, id := range m.launched {
			all = append(all, m.instances[id].snapshot())
		}
	})
	return all
}

func (i *instance) snapshot() Instance {
	snap := Instance{ID: i.id, State: i.state, Type: i.kind, Zone: i.subnet.zone.Name, LaunchedAt: i.launchedAt, Tags: maps.Clone(i.tags)}
	for _, eni := range i.interfaces {
		snap.Interfaces = append(snap.Interfaces,
			Interface{ID: eni.id, DeviceIndex: eni.deviceIndex, PrivateIPs: slices.Clone(eni.ips), AutoAssignedIP: eni.autoAssignedIP})
	}
	return snap
}
