package awssim

import (
	"net/netip"
	"slices"
)

// associateSpec is what AssociateAddress asks for.
type associateSpec struct {
	allocationID, publicIP  string
	instanceID, interfaceID string
	privateIP               string
	refuseReassociation     bool // AllowReassociation=false; omitted means true in a VPC
}

// associate is AssociateAddress. Everything is checked before anything is changed.
func (m *model) associate(spec associateSpec) (associationID string, err error) {
	if err := spec.check(); err != nil {
		return "", err
	}
	a, err := m.findAddress(spec.allocationID)
	if err != nil {
		return "", err
	}
	eni, err := m.target(spec)
	if err != nil {
		return "", err
	}
	ip, err := eni.choosePrivateIP(spec.privateIP)
	if err != nil {
		return "", err
	}
	if a.serviceManaged != "" {
		return "", refusef("OperationNotPermitted", "The address '%s' is managed by %s.", a.ip, a.serviceManaged)
	}
	if a.borderGroup != eni.subnet.zone.NetworkBorderGroup { // AWS documents the rule, not the code
		return "", refusef("InvalidParameterCombination", "You cannot associate an Elastic IP address with an interface in a different network border group.")
	}
	return m.join(a, eni, ip, spec.refuseReassociation)
}

func (s associateSpec) check() error {
	switch {
	case s.allocationID == "" && s.publicIP != "":
		return refusef("InvalidParameterCombination", "You must specify an allocation id when mapping an address to a VPC instance")
	case s.allocationID == "":
		return refusef("MissingParameter", "Either public IP or allocation id must be specified")
	case s.publicIP != "":
		return refusef("InvalidParameterCombination", "You may specify public IP or allocation id, but not both in the same call")
	case s.instanceID == "" && s.interfaceID == "":
		return refusef("MissingParameter", "Either instance ID or network interface id must be specified")
	case s.instanceID != "" && s.interfaceID != "":
		return refusef("InvalidParameterCombination", "Either instance ID or network interface id must be specified, but not both")
	}
	return nil
}

// target returns the interface that is to hold the address.
func (m *model) target(spec associateSpec) (*netInterface, error) {
	if spec.instanceID != "" {
		return m.targetInstance(spec.instanceID)
	}
	eni, err := m.findInterface(spec.interfaceID)
	if err != nil {
		return nil, err
	}
	if i := eni.instance; i != nil && (i.state == Pending || i.state == ShuttingDown) {
		return nil, refusef("IncorrectInstanceState",
			"The %s-instance to which '%s' is attached is not in a valid state for this operation", i.state, eni.id)
	}
	return eni, nil
}

func (m *model) targetInstance(id string) (*netInterface, error) {
	found, err := m.findInstances([]string{id})
	if err != nil {
		return nil, err
	}
	i := found[0]
	switch {
	case i.state == Pending || i.state == ShuttingDown || i.state == Terminated:
		return nil, refusef("InvalidInstanceID", "The %s instance '%s' is not in a valid state for this operation.", i.state, id)
	case len(i.interfaces) != 1:
		return nil, refusef("InvalidInstanceID", "There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the operation instead.", id)
	}
	return i.interfaces[0], nil
}

// choosePrivateIP returns the private address that was asked for, else the primary one.
func (e *netInterface) choosePrivateIP(wanted string) (netip.Addr, error) {
	if wanted == "" {
		return e.ips[0], nil
	}
	ip, err := netip.ParseAddr(wanted)
	if err != nil || !slices.Contains(e.ips, ip) {
		return netip.Addr{}, refusef("InvalidParameterValue", "'%s' is not a private IP address of '%s'", wanted, e.id)
	}
	return ip, nil
}

// join puts the address onto the private address, and takes away what is in
// its way unless the caller refuses that.
func (m *model) join(a *address, eni *netInterface, ip netip.Addr, refuse bool) (string, error) {
	occupant := eni.holder(ip)
	if a.eni == eni && a.privateIP == ip && !(refuse && m.opts.RefuseRepeat) {
		return a.associationID, nil // "an idempotent operation"
	}
	if refuse {
		if err := m.checkUnassociated(a, eni, occupant); err != nil {
			return "", err
		}
	}
	if occupant != nil { // "the existing address is disassociated from the instance"
		m.dissociate(occupant)
	}
	if a.eni != nil {
		m.separate(a)
	}
	a.associationID, a.eni, a.privateIP = m.ids.ec2("eipassoc"), eni, ip
	eni.held = append(eni.held, a)
	m.touchAddress(a)
	if ip == eni.ips[0] { // Amazon's address goes back to Amazon
		eni.autoAssignedIP = netip.Addr{}
	}
	return a.associationID, nil
}

// checkUnassociated is what AllowReassociation=false asks for.
func (m *model) checkUnassociated(a *address, eni *netInterface, occupant *address) error {
	switch {
	case a.eni != nil:
		return alreadyAssociated(a.allocationID, a)
	case occupant != nil && m.opts.RefuseDisplacement:
		return alreadyAssociated(eni.id, occupant)
	}
	return nil
}

func alreadyAssociated(resource string, a *address) error {
	return refusef("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", resource, a.associationID)
}

// disassociate is DisassociateAddress: of this very association, not of a
// later one of the same address.
func (m *model) disassociate(associationID string) error {
	if associationID == "" {
		return refusef("MissingParameter", "The request must contain the parameter AssociationId")
	}
	for _, a := range m.addresses {
		if a.associationID != associationID {
			continue
		}
		if a.serviceManaged != "" {
			return refusef("OperationNotPermitted", "The address '%s' is managed by %s.", a.ip, a.serviceManaged)
		}
		m.separate(a)
		return nil
	}
	return notFound("InvalidAssociationID.NotFound", "association", []string{associationID})
}

// separate frees the address; its former instance gets one of Amazon's, later.
func (m *model) separate(a *address) {
	i := a.eni.instance
	m.dissociate(a)
	if i != nil {
		m.autoAssignLater(i)
	}
}
