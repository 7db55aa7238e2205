package awssim

import (
	"cmp"
	"math"
	"strings"
)

// Route 53's limits of one ChangeResourceRecordSets request; what UPSERT
// brings counts twice.
const (
	maxBatchRecords    = 1000
	maxBatchCharacters = 32000
	// maxMultiValue is the number of multivalue sets of one name and type.
	maxMultiValue = 100
)

// change is one step of a batch, with the set's name still as it was sent.
type change struct {
	action string
	set    RecordSet
}

// readChanges checks what Route 53 checks before it looks at the zone: the
// request's shape. It refuses with InvalidInput.
func readChanges(in []batchChange) ([]change, error) {
	if len(in) == 0 {
		return nil, refusef("InvalidInput", "Invalid request: Expected at least one Change in the ChangeBatch")
	}
	var changes []change
	for _, c := range in {
		set, problem := c.read()
		if problem != "" {
			return nil, refusef("InvalidInput", "Invalid request: %s in Change with [Action=%s, Name=%s, Type=%s, SetIdentifier=%s]",
				problem, c.Action, c.Set.Name, c.Set.Type, orNull(c.Set.SetIdentifier))
		}
		changes = append(changes, change{action: c.Action, set: set})
	}
	return changes, nil
}

func (c batchChange) read() (set RecordSet, problem string) {
	s := c.Set
	switch {
	case c.Action != "CREATE" && c.Action != "DELETE" && c.Action != "UPSERT":
		problem = "Unknown action"
	case s.Name == "" || s.Type == "":
		problem = "Missing field 'Name' or 'Type'"
	case len(s.Others) > 0:
		problem = "Field '" + s.Others[0].XMLName.Local + "', which is not simulated,"
	default:
		problem = cmp.Or(s.checkPolicy(), s.checkTarget())
	}
	if problem != "" {
		return RecordSet{}, problem
	}
	return s.recordSet(), ""
}

// multiValue reports whether the set's routing policy is multivalue answer.
func (s recordSetItem) multiValue() bool { return s.MultiValueAnswer != nil && *s.MultiValueAnswer }

// checkPolicy: a set has both a routing policy and an identifier, or neither.
func (s recordSetItem) checkPolicy() (problem string) {
	hasPolicy := s.Weight != nil || s.multiValue()
	switch {
	case hasPolicy && s.SetIdentifier == "":
		return "Missing field 'SetIdentifier'"
	case !hasPolicy && s.SetIdentifier != "":
		return "Missing field 'Weight' or 'MultiValueAnswer'"
	}
	return ""
}

// checkTarget: a set has TTL and values, or is an alias.
func (s recordSetItem) checkTarget() (problem string) {
	hasTTL, hasValues := s.TTL != nil, s.Records != nil && len(s.Records.Values) > 0
	expected := "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found "
	switch {
	case s.AliasTarget != nil:
		if hasTTL || hasValues {
			return expected + "more than one"
		}
		return ""
	case !hasTTL && !hasValues:
		return expected + "none"
	case !hasTTL:
		return "Missing field 'TTL'"
	case !hasValues:
		return "Missing field 'ResourceRecords'"
	}
	return checkTTL(*s.TTL)
}

// checkTTL: RFC 2181, section 8.
func checkTTL(ttl int64) (problem string) {
	if ttl < 0 || ttl > math.MaxInt32 {
		return "Value of field 'TTL' out of range"
	}
	return ""
}

func (s recordSetItem) recordSet() RecordSet {
	set := RecordSet{Name: s.Name, Type: s.Type, SetIdentifier: s.SetIdentifier, MultiValue: s.multiValue(), Weight: s.Weight,
		HealthCheckID: s.HealthCheckID, Alias: s.AliasTarget}
	if s.AliasTarget == nil {
		set.TTL, set.Values = *s.TTL, s.Records.Values
	}
	return set
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

// changeRecordSets makes all the changes, one after the other, or none.
func (m *model) changeRecordSets(zoneID string, changes []change, comment string) (*dnsChange, error) {
	z, err := m.findZone(zoneID)
	if err != nil {
		return nil, err
	}
	if err := checkBatchSize(changes); err != nil {
		return nil, err
	}
	b := batch{zone: z.name, records: z.records.clone(), visibleAt: m.insyncAt()}
	var problems []string
	for _, c := range changes {
		if problem := b.apply(c); problem != nil {
			problems = append(problems, problem.Error())
		}
	}
	if len(problems) == 0 {
		problems = b.checkApex()
	}
	if len(problems) > 0 {
		return nil, refusef("InvalidChangeBatch", "[%s]", strings.Join(problems, ", "))
	}
	z.records = b.records
	return m.newChange(comment, b.visibleAt), nil
}

func checkBatchSize(changes []change) error {
	records, characters := 0, 0
	for _, c := range changes {
		weight := 1
		if c.action == "UPSERT" {
			weight = 2
		}
		records += weight * max(1, len(c.set.Values))
		for _, v := range c.set.Values {
			characters += weight * len(v)
		}
	}
	if records > maxBatchRecords {
		return refusef("InvalidChangeBatch", "[Number of records limit of %d exceeded.]", maxBatchRecords)
	}
	if characters > maxBatchCharacters {
		return refusef("InvalidChangeBatch", "[Number of characters limit of %d exceeded.]", maxBatchCharacters)
	}
	return nil
}
