package awssim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// hostedZone is one public hosted zone.
type hostedZone struct {
	id, name        string // the name is canonical
	callerReference string
	comment         string
	nameServers     []string
	records         recordSets
}

// createZone makes a zone with its NS and SOA records. A caller reference can
// be used once.
func (m *model) createZone(name, callerReference, comment string) (*hostedZone, *dnsChange, error) {
	canonical, err := canonicalName(name)
	if err != nil {
		return nil, nil, refusef("InvalidDomainName", "%s", err)
	}
	for _, z := range m.zones {
		if z.callerReference == callerReference {
			return nil, nil, &apiError{status: http.StatusConflict, code: "HostedZoneAlreadyExists",
				message: "A hosted zone has already been created with the specified caller reference."}
		}
	}
	z := &hostedZone{id: m.ids.route53("Z"), name: canonical, callerReference: callerReference, comment: comment,
		nameServers: []string{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org", "ns-4.awsdns-04.co.uk"}}
	var servers []string
	for _, server := range z.nameServers {
		servers = append(servers, server+".")
	}
	soa := servers[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
	change := m.newChange("", m.insyncAt())
	z.records.put(recordSet{RecordSet: RecordSet{Name: canonical, Type: "NS", TTL: 172800, Values: servers}, visibleAt: change.insyncAt})
	z.records.put(recordSet{RecordSet: RecordSet{Name: canonical, Type: "SOA", TTL: 900, Values: []string{soa}}, visibleAt: change.insyncAt})
	m.zones[z.id] = z
	return z, change, nil
}

func (m *model) findZone(id string) (*hostedZone, error) {
	z, ok := m.zones[id]
	if !ok {
		return nil, &apiError{status: http.StatusNotFound, code: "NoSuchHostedZone", message: "No hosted zone found with ID: " + id}
	}
	return z, nil
}

func (m *model) deleteZone(id string) (*dnsChange, error) {
	z, err := m.findZone(id)
	if err != nil {
		return nil, err
	}
	if len(z.records.sets) > 2 { // its NS and SOA go with it
		return nil, refusef("HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")
	}
	delete(m.zones, id)
	return m.newChange("", m.insyncAt()), nil
}

// sortedZones returns the zones in the order of their names, as ListHostedZonesByName has it.
func (m *model) sortedZones() []*hostedZone {
	var zones []*hostedZone
	for _, z := range m.zones {
		zones = append(zones, z)
	}
	slices.SortFunc(zones, func(a, b *hostedZone) int {
		return cmp.Or(cmp.Compare(sortKey(a.name), sortKey(b.name)), cmp.Compare(a.id, b.id))
	})
	return zones
}

// resolves reports whether the name servers answer the A query with the IP:
// the record must have arrived there, in the zone that is closest to the name.
func (m *model) resolves(name, ip string) bool {
	var closest *hostedZone
	for _, z := range m.zones {
		if inZone(z.name, name) && (closest == nil || strings.Count(z.name, ".") > strings.Count(closest.name, ".")) {
			closest = z
		}
	}
	if closest == nil {
		return false
	}
	for _, set := range closest.records.named(name) {
		if set.Type == "A" && slices.Contains(set.Values, ip) && !set.visibleAt.After(m.now) {
			return true
		}
	}
	return false
}
