package awssim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// RecordSet is one resource record set of a hosted zone.
type RecordSet struct {
	// Name is the owner name. What the Sim returns is in Route 53's form: lower
	// case, trailing dot, octal escapes.
	Name string
	// Type is the record type, such as "A".
	Type string
	// SetIdentifier tells multivalue and weighted sets apart; else empty.
	SetIdentifier string
	// MultiValue and Weight are the routing policy; neither means simple.
	MultiValue bool
	Weight     *int64
	// TTL is in seconds.
	TTL int64
	// Values are the records' data.
	Values []string
	// HealthCheckID is kept as it is.
	HealthCheckID string
	// Alias is what the set stands for, instead of TTL and values.
	Alias *AliasTarget
}

// AliasTarget is the resource that an alias record set stands for.
type AliasTarget struct {
	HostedZoneID         string `xml:"HostedZoneId"`
	DNSName              string
	EvaluateTargetHealth bool
}

// recordSet is a set in a zone. The name servers have it from visibleAt on.
type recordSet struct {
	RecordSet
	visibleAt time.Time
}

// same reports whether a deletion of other means this very set: all that
// clients send must be equal, the order of values apart.
func (s RecordSet) same(other RecordSet) bool {
	return s.TTL == other.TTL && s.MultiValue == other.MultiValue && equalPointers(s.Weight, other.Weight) &&
		s.HealthCheckID == other.HealthCheckID && equalPointers(s.Alias, other.Alias) &&
		slices.Equal(slices.Sorted(slices.Values(s.Values)), slices.Sorted(slices.Values(other.Values)))
}

func equalPointers[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// simple reports whether the set has no routing policy.
func (s RecordSet) simple() bool { return s.SetIdentifier == "" }

func (s RecordSet) clone() RecordSet {
	s.Values = slices.Clone(s.Values)
	if s.Weight != nil {
		weight := *s.Weight
		s.Weight = &weight
	}
	if s.Alias != nil {
		alias := *s.Alias
		s.Alias = &alias
	}
	return s
}

// recordSets are a zone's sets in Route 53's order.
type recordSets struct {
	sets []keyedSet
}

// keyedSet is a set with the place of its name in the order.
type keyedSet struct {
	recordSet
	key string
}

func (s keyedSet) compare(o keyedSet) int {
	return cmp.Or(strings.Compare(s.key, o.key), strings.Compare(s.Type, o.Type), strings.Compare(s.SetIdentifier, o.SetIdentifier))
}

func placeOf(name, kind, identifier string) keyedSet {
	set := RecordSet{Name: name, Type: kind, SetIdentifier: identifier}
	return keyedSet{recordSet: recordSet{RecordSet: set}, key: sortKey(name)}
}

// from returns the sets at and after a place.
func (rs recordSets) from(place keyedSet) []keyedSet {
	at, _ := slices.BinarySearchFunc(rs.sets, place, keyedSet.compare)
	return rs.sets[at:]
}

func (rs recordSets) get(name, kind, identifier string) (recordSet, bool) {
	at, ok := slices.BinarySearchFunc(rs.sets, placeOf(name, kind, identifier), keyedSet.compare)
	if !ok {
		return recordSet{}, false
	}
	return rs.sets[at].recordSet, true
}

// named returns all sets of the name.
func (rs recordSets) named(name string) []keyedSet {
	sets := rs.from(placeOf(name, "", ""))
	end := slices.IndexFunc(sets, func(s keyedSet) bool { return s.Name != name })
	if end < 0 {
		end = len(sets)
	}
	return sets[:end]
}

func (rs *recordSets) put(set recordSet) {
	place := placeOf(set.Name, set.Type, set.SetIdentifier)
	place.recordSet = set
	at, ok := slices.BinarySearchFunc(rs.sets, place, keyedSet.compare)
	if ok {
		rs.sets[at] = place
		return
	}
	rs.sets = slices.Insert(rs.sets, at, place)
}

func (rs *recordSets) remove(name, kind, identifier string) {
	at, ok := slices.BinarySearchFunc(rs.sets, placeOf(name, kind, identifier), keyedSet.compare)
	if ok {
		rs.sets = slices.Delete(rs.sets, at, at+1)
	}
}

// clone returns a copy to try changes on; the sets themselves are never
// changed in place.
func (rs recordSets) clone() recordSets { return recordSets{sets: slices.Clone(rs.sets)} }
