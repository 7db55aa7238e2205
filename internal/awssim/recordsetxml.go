package awssim

import (
	"encoding/xml"
	"strconv"
)

// maxRecordsPage is Route 53's limit of record sets in one answer.
const maxRecordsPage = 300

// recordSetItem is a record set on the wire, in both directions.
type recordSetItem struct {
	Name             string
	Type             string
	SetIdentifier    string       `xml:",omitempty"`
	Weight           *int64       `xml:",omitempty"`
	MultiValueAnswer *bool        `xml:",omitempty"`
	TTL              *int64       `xml:",omitempty"`
	Records          *recordItems `xml:"ResourceRecords"`
	AliasTarget      *AliasTarget `xml:",omitempty"`
	HealthCheckID    string       `xml:"HealthCheckId,omitempty"`
	Others           []otherField `xml:",any"`
}

type recordItems struct {
	Values []string `xml:"ResourceRecord>Value"`
}

// otherField is what the model does not know, such as another routing policy.
type otherField struct{ XMLName xml.Name }

// MarshalXML writes each value in a ResourceRecord of its own, which a path in
// a field's tag does not.
func (r recordItems) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	type record struct{ Value string }
	var out struct{ ResourceRecord []record }
	for _, v := range r.Values {
		out.ResourceRecord = append(out.ResourceRecord, record{v})
	}
	return e.EncodeElement(out, start)
}

func (s RecordSet) describe() recordSetItem {
	item := recordSetItem{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier, Weight: s.Weight, AliasTarget: s.Alias, HealthCheckID: s.HealthCheckID}
	if s.MultiValue {
		item.MultiValueAnswer = &s.MultiValue
	}
	if s.Alias == nil {
		item.TTL, item.Records = &s.TTL, &recordItems{Values: s.Values}
	}
	return item
}

// batchChange is one change of a batch.
type batchChange struct {
	Action string
	Set    recordSetItem `xml:"ResourceRecordSet"`
}

func changeResourceRecordSets(r route53Request) (func(*model) (any, error), error) {
	var in struct {
		Comment string        `xml:"ChangeBatch>Comment"`
		Changes []batchChange `xml:"ChangeBatch>Changes>Change"`
	}
	if err := readXML(r.body, &in); err != nil {
		return nil, err
	}
	changes, err := readChanges(in.Changes)
	if err != nil {
		return nil, err
	}
	r.call.zone = r.id
	r.call.charges = append(r.call.charges, charge{BucketRoute53Changes, changeTokens(changes)})
	return func(m *model) (any, error) {
		change, err := m.changeRecordSets(r.id, changes, in.Comment)
		if err != nil {
			return nil, err
		}
		return changeReply{name: "ChangeResourceRecordSetsResponse", Change: m.describeChange(change)}, nil
	}, nil
}

func listResourceRecordSets(r route53Request) (func(*model) (any, error), error) {
	limit, err := r.maxItems(maxRecordsPage)
	if err != nil {
		return nil, err
	}
	name, kind, identifier := r.query.Get("name"), r.query.Get("type"), r.query.Get("identifier")
	if kind != "" && name == "" || identifier != "" && kind == "" {
		return nil, refusef("InvalidInput", "The type may not be given without the name, nor the identifier without the type")
	}
	start := keyedSet{}
	if name != "" {
		if name, err = canonicalName(name); err != nil {
			return nil, refusef("InvalidInput", "%s", err)
		}
		start = placeOf(name, kind, identifier)
	}
	return func(m *model) (any, error) {
		z, err := m.findZone(r.id)
		if err != nil {
			return nil, err
		}
		return listRecordSetsPage(z.records.from(start), limit), nil
	}, nil
}

type listRecordSetsReply struct {
	Sets           recordSetItems `xml:"ResourceRecordSets"`
	More           bool           `xml:"IsTruncated"`
	NextName       string         `xml:"NextRecordName,omitempty"`
	NextType       string         `xml:"NextRecordType,omitempty"`
	NextIdentifier string         `xml:"NextRecordIdentifier,omitempty"`
	MaxItems       string         `xml:"MaxItems"`
}

type recordSetItems struct {
	Items []recordSetItem `xml:"ResourceRecordSet"`
}

func (listRecordSetsReply) root() string { return "ListResourceRecordSetsResponse" }

func listRecordSetsPage(sets []keyedSet, limit int) listRecordSetsReply {
	rep := listRecordSetsReply{MaxItems: strconv.Itoa(limit)}
	if len(sets) > limit {
		next := sets[limit]
		rep.More, rep.NextName, rep.NextType, rep.NextIdentifier = true, next.Name, next.Type, next.SetIdentifier
		sets = sets[:limit]
	}
	for _, s := range sets {
		rep.Sets.Items = append(rep.Sets.Items, s.describe())
	}
	return rep
}
