package awssim

import (
	"slices"
	"strconv"
)

// maxZonesPage is Route 53's limit of zones in one answer.
const maxZonesPage = 100

type hostedZoneItem struct {
	ID              string `xml:"Id"`
	Name            string `xml:"Name"`
	CallerReference string `xml:"CallerReference"`
	Comment         string `xml:"Config>Comment,omitempty"`
	PrivateZone     bool   `xml:"Config>PrivateZone"`
	RecordSetCount  int    `xml:"ResourceRecordSetCount"`
}

func (z *hostedZone) describe() hostedZoneItem {
	return hostedZoneItem{ID: "/hostedzone/" + z.id, Name: z.name, CallerReference: z.callerReference, Comment: z.comment, RecordSetCount: len(z.records.sets)}
}

func createHostedZone(r route53Request) (func(*model) (any, error), error) {
	var in struct {
		Name            string
		CallerReference string
		Comment         string    `xml:"HostedZoneConfig>Comment"`
		PrivateZone     bool      `xml:"HostedZoneConfig>PrivateZone"`
		VPC             *struct{} `xml:"VPC"`
	}
	if err := readXML(r.body, &in); err != nil {
		return nil, err
	}
	if in.Name == "" || in.CallerReference == "" {
		return nil, refusef("InvalidInput", "Name and CallerReference are required")
	}
	if in.PrivateZone || in.VPC != nil {
		return nil, refusef("InvalidInput", "private zones are not simulated")
	}
	return func(m *model) (any, error) {
		z, change, err := m.createZone(in.Name, in.CallerReference, in.Comment)
		if err != nil {
			return nil, err
		}
		rep := createHostedZoneReply{Zone: z.describe(), Change: m.describeChange(change), NameServers: z.nameServers}
		return created{result: rep, location: "https://route53.amazonaws.com" + route53Prefix + "hostedzone/" + z.id}, nil
	}, nil
}

type createHostedZoneReply struct {
	Zone        hostedZoneItem `xml:"HostedZone"`
	Change      changeItem     `xml:"ChangeInfo"`
	NameServers []string       `xml:"DelegationSet>NameServers>NameServer"`
}

func (createHostedZoneReply) root() string { return "CreateHostedZoneResponse" }

func getHostedZone(r route53Request) (func(*model) (any, error), error) {
	return func(m *model) (any, error) {
		z, err := m.findZone(r.id)
		if err != nil {
			return nil, err
		}
		return getHostedZoneReply{Zone: z.describe(), NameServers: z.nameServers}, nil
	}, nil
}

type getHostedZoneReply struct {
	Zone        hostedZoneItem `xml:"HostedZone"`
	NameServers []string       `xml:"DelegationSet>NameServers>NameServer"`
}

func (getHostedZoneReply) root() string { return "GetHostedZoneResponse" }

func deleteHostedZone(r route53Request) (func(*model) (any, error), error) {
	return func(m *model) (any, error) {
		change, err := m.deleteZone(r.id)
		if err != nil {
			return nil, err
		}
		return changeReply{name: "DeleteHostedZoneResponse", Change: m.describeChange(change)}, nil
	}, nil
}

// zoneList is what both lists of zones answer.
type zoneList struct {
	name     string
	Zones    zoneItems `xml:"HostedZones"`
	DNSName  string    `xml:"DNSName,omitempty"`
	Marker   *string   `xml:"Marker"`
	More     bool      `xml:"IsTruncated"`
	Next     string    `xml:"NextMarker,omitempty"`
	NextName string    `xml:"NextDNSName,omitempty"`
	NextID   string    `xml:"NextHostedZoneId,omitempty"`
	MaxItems string    `xml:"MaxItems"`
}

type zoneItems struct {
	Items []hostedZoneItem `xml:"HostedZone"`
}

func (l zoneList) root() string { return l.name }

// fill takes the zones from the given one on, and returns the first one that
// does not fit, or nil.
func (l *zoneList) fill(zones []*hostedZone, from, limit int) *hostedZone {
	l.MaxItems = strconv.Itoa(limit)
	for _, z := range zones[from:] {
		if len(l.Zones.Items) == limit {
			l.More = true
			return z
		}
		l.Zones.Items = append(l.Zones.Items, z.describe())
	}
	return nil
}

func listHostedZones(r route53Request) (func(*model) (any, error), error) {
	limit, err := r.maxItems(maxZonesPage)
	marker := r.query.Get("marker")
	return func(m *model) (any, error) {
		zones, from := m.sortedZones(), 0
		if marker != "" {
			if from = slices.IndexFunc(zones, func(z *hostedZone) bool { return z.id == marker }); from < 0 {
				return nil, refusef("InvalidInput", "The marker '%s' names no hosted zone", marker)
			}
		}
		list := zoneList{name: "ListHostedZonesResponse", Marker: &marker}
		if next := list.fill(zones, from, limit); next != nil {
			list.Next = next.id
		}
		return list, nil
	}, err
}

func listHostedZonesByName(r route53Request) (func(*model) (any, error), error) {
	limit, err := r.maxItems(maxZonesPage)
	if err != nil {
		return nil, err
	}
	start, id, key := r.query.Get("dnsname"), r.query.Get("hostedzoneid"), ""
	if start != "" {
		canonical, err := canonicalName(start)
		if err != nil {
			return nil, refusef("InvalidDomainName", "%s", err)
		}
		key = sortKey(canonical)
	}
	return func(m *model) (any, error) {
		zones := m.sortedZones()
		from := slices.IndexFunc(zones, func(z *hostedZone) bool {
			return sortKey(z.name) > key || sortKey(z.name) == key && z.id >= id
		})
		if from < 0 {
			from = len(zones)
		}
		list := zoneList{name: "ListHostedZonesByNameResponse", DNSName: start}
		if next := list.fill(zones, from, limit); next != nil {
			list.NextName, list.NextID = next.name, next.id
		}
		return list, nil
	}, nil
}
