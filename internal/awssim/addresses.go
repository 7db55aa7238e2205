package awssim

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// address is one Elastic IP address.
type address struct {
	allocationID   string
	ip             netip.Addr
	borderGroup    string
	pool           string // "amazon" or a range that the account has brought
	serviceManaged string
	reverseName    string
	tags           map[string]string
	associationID  string        // empty while it is not associated
	eni            *netInterface // nil while it is not associated
	privateIP      netip.Addr
}

const amazonPool = "amazon"

// dissociate frees the address.
func (m *model) dissociate(a *address) {
	m.touchAddress(a)
	a.eni.held = slices.DeleteFunc(a.eni.held, func(other *address) bool { return other == a })
	a.associationID, a.eni, a.privateIP = "", nil, netip.Addr{}
}

// instanceID returns the instance that holds the address, empty if none.
func (a *address) instanceID() string {
	if a.eni == nil || a.eni.instance == nil {
		return ""
	}
	return a.eni.instance.id
}

// allocateSpec is what AllocateAddress asks for.
type allocateSpec struct {
	borderGroup, pool string
	tags              map[string]string
}

func (m *model) allocate(spec allocateSpec) (*address, error) {
	if spec.borderGroup == "" {
		spec.borderGroup = m.opts.Region
	}
	if spec.pool == "" {
		spec.pool = amazonPool
	}
	if !slices.ContainsFunc(m.opts.Zones, func(z Zone) bool { return z.NetworkBorderGroup == spec.borderGroup }) {
		return nil, refusef("InvalidParameterValue", "Invalid network border group '%s'", spec.borderGroup)
	}
	if spec.pool != amazonPool && !strings.HasPrefix(spec.pool, "ipv4pool-ec2-") {
		return nil, refusef("InvalidParameterValue", "Invalid public IPv4 pool '%s'", spec.pool)
	}
	// Ranges that the account has brought are not counted (EC2 quotas page).
	if spec.pool == amazonPool && m.countAmazonAddresses() >= m.opts.AddressQuota {
		return nil, refusef("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	ip, ok := m.elastic.next()
	if !ok {
		return nil, refusef("InsufficientAddressCapacity", "There are no addresses left.")
	}
	a := &address{allocationID: m.ids.ec2("eipalloc"), ip: ip, borderGroup: spec.borderGroup, pool: spec.pool, tags: maps.Clone(spec.tags)}
	m.addresses[a.allocationID] = a
	m.touchAddress(a)
	m.allocated = append(m.allocated, a.allocationID)
	return a, nil
}

func (m *model) countAmazonAddresses() int {
	n := 0
	for _, a := range m.addresses {
		if a.pool == amazonPool {
			n++
		}
	}
	return n
}

func (m *model) release(allocationID, borderGroup string) error {
	a, err := m.findAddress(allocationID)
	switch {
	case err != nil:
		return err
	case borderGroup != "" && borderGroup != a.borderGroup: // API page of ReleaseAddress
		return refusef("InvalidAddress.NotFound", "Address '%s' not found in '%s'.", a.ip, borderGroup)
	case a.serviceManaged != "":
		return refusef("OperationNotPermitted", "The address '%s' is managed by %s.", a.ip, a.serviceManaged)
	case a.eni != nil:
		return refusef("InvalidIPAddress.InUse", "Address '%s' is in use.", a.ip)
	case a.reverseName != "":
		return refusef("InvalidAddress.Locked", "Address '%s' is locked: remove its reverse DNS record first.", a.ip)
	}
	m.drop(a)
	return nil
}

func (m *model) drop(a *address) {
	m.touchAddress(a)
	delete(m.addresses, a.allocationID)
	m.allocated = slices.DeleteFunc(m.allocated, func(id string) bool { return id == a.allocationID })
}

func (m *model) findAddress(allocationID string) (*address, error) {
	if allocationID == "" {
		return nil, refusef("MissingParameter", "The request must contain the parameter AllocationId")
	}
	a, ok := m.addresses[allocationID]
	if !ok {
		return nil, notFound("InvalidAllocationID.NotFound", "allocation", []string{allocationID})
	}
	return a, nil
}

// addressQuery is what DescribeAddresses asks for.
type addressQuery struct {
	allocationIDs, publicIPs []string
	filters                  filters
}

// describeAddresses returns the addresses in the order of their allocation.
func (m *model) describeAddresses(q addressQuery) ([]*address, error) {
	if err := m.checkAddressIDs(q); err != nil {
		return nil, err
	}
	var found []*address
	for _, id := range m.allocated {
		a := m.addresses[id]
		if len(q.allocationIDs) > 0 && !slices.Contains(q.allocationIDs, id) {
			continue
		}
		if len(q.publicIPs) > 0 && !slices.Contains(q.publicIPs, a.ip.String()) {
			continue
		}
		if q.filters.match(a.attribute, a.tags) {
			found = append(found, a)
		}
	}
	return found, nil
}

func (m *model) checkAddressIDs(q addressQuery) error {
	missing := slices.DeleteFunc(slices.Clone(q.allocationIDs), func(id string) bool { return m.addresses[id] != nil })
	if len(missing) > 0 {
		return notFound("InvalidAllocationID.NotFound", "allocation", missing)
	}
	ips := map[string]bool{}
	for _, a := range m.addresses {
		ips[a.ip.String()] = true
	}
	for _, ip := range q.publicIPs {
		if !ips[ip] {
			return refusef("InvalidAddress.NotFound", "Address '%s' not found.", ip)
		}
	}
	return nil
}

// attribute returns the address's values of a filter.
func (a *address) attribute(filter string) (values []string) {
	switch filter { // keep in step with addressFilters
	case "allocation-id":
		return []string{a.allocationID}
	case "association-id":
		return present(a.associationID)
	case "instance-id":
		return present(a.instanceID())
	case "network-border-group":
		return []string{a.borderGroup}
	case "network-interface-id":
		if a.eni != nil {
			return []string{a.eni.id}
		}
	case "public-ip":
		return []string{a.ip.String()}
	}
	return nil
}
