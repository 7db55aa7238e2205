package awssim

import "strings"

// attributeDomainName is the only attribute that addresses have.
const attributeDomainName = "domain-name"

// setReverseName is ModifyAddressAttribute. The forward record must exist on
// the name servers before (EC2 User Guide, reverse DNS); the code is not documented.
func (m *model) setReverseName(allocationID, name string) (*address, error) {
	a, err := m.findAddress(allocationID)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, refusef("MissingParameter", "The request must contain the parameter DomainName")
	}
	absolute, err := canonicalName(name)
	if err != nil {
		return nil, refusef("InvalidParameterValue", "Invalid domain name '%s'", name)
	}
	if !m.resolves(absolute, a.ip.String()) {
		return nil, refusef("InvalidParameterValue", "The domain name '%s' does not resolve to '%s'", strings.TrimSuffix(absolute, "."), a.ip)
	}
	m.touchAddress(a)
	a.reverseName = absolute
	return a, nil
}

func (m *model) clearReverseName(allocationID, attribute string) (*address, error) {
	if attribute != attributeDomainName {
		return nil, refusef("InvalidParameterValue", "Invalid attribute '%s'", attribute)
	}
	a, err := m.findAddress(allocationID)
	if err != nil {
		return nil, err
	}
	m.touchAddress(a)
	a.reverseName = ""
	return a, nil
}

func modifyAddressAttribute(f *form) func(*model) (any, error) {
	id, name := f.str("AllocationId"), f.str("DomainName")
	return func(m *model) (any, error) { return reverseNameReply(m.setReverseName(id, name)) }
}

func resetAddressAttribute(f *form) func(*model) (any, error) {
	id, attribute := f.str("AllocationId"), f.str("Attribute")
	return func(m *model) (any, error) { return reverseNameReply(m.clearReverseName(id, attribute)) }
}

func reverseNameReply(a *address, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return &addressAttributeReply{Address: attributeOf(a)}, nil
}

func describeAddressesAttribute(f *form) func(*model) (any, error) {
	q := addressQuery{allocationIDs: f.list("AllocationId")}
	if attribute := f.str("Attribute"); attribute != "" && attribute != attributeDomainName {
		f.fail(refusef("InvalidParameterValue", "Invalid attribute '%s'", attribute))
	}
	f.ignore("MaxResults") // one page holds all that there are
	return func(m *model) (any, error) {
		found, err := m.describeAddresses(q)
		rep := &addressesAttributeReply{}
		for _, a := range found {
			rep.Addresses.Items = append(rep.Addresses.Items, attributeOf(a))
		}
		return rep, err
	}
}

type addressAttributeReply struct {
	ec2Reply
	Address addressAttributeItem `xml:"address"`
}

type addressesAttributeReply struct {
	ec2Reply
	Addresses list[addressAttributeItem] `xml:"addressSet"`
}

type addressAttributeItem struct {
	PublicIP     string `xml:"publicIp"`
	AllocationID string `xml:"allocationId"`
	PTRRecord    string `xml:"ptrRecord,omitempty"`
}

func attributeOf(a *address) addressAttributeItem {
	return addressAttributeItem{PublicIP: a.ip.String(), AllocationID: a.allocationID, PTRRecord: a.reverseName}
}
