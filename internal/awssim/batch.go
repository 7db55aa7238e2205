package awssim

import (
	"fmt"
	"time"
)

// batch is a copy of a zone's records on which a change batch is tried.
type batch struct {
	zone      string
	records   recordSets
	visibleAt time.Time
}

// apply makes one change, or says in Route 53's words what is wrong with it.
func (b *batch) apply(c change) error {
	set := c.set.clone()
	name, err := canonicalName(set.Name)
	if err != nil {
		return flawf("Invalid Resource Record: %s", err)
	}
	if set.Name = name; !inZone(b.zone, name) {
		return flawf("RRSet with DNS name %s is not permitted in zone %s", name, b.zone)
	}
	if c.action == "DELETE" {
		return b.delete(set)
	}
	_, exists := b.records.get(name, set.Type, set.SetIdentifier)
	if exists && c.action == "CREATE" {
		return flawf("Tried to create resource record set %s but it already exists", label(set))
	}
	if err := checkValues(set); err != nil {
		return err
	}
	if err := b.checkNeighbours(set); err != nil {
		return err
	}
	b.records.put(recordSet{RecordSet: set, visibleAt: b.visibleAt})
	return nil
}

// delete removes the set if it is exactly this one.
func (b *batch) delete(set RecordSet) error {
	current, ok := b.records.get(set.Name, set.Type, set.SetIdentifier)
	if !ok {
		return flawf("Tried to delete resource record set %s but it was not found", label(set))
	}
	if !current.same(set) {
		return flawf("Tried to delete resource record set %s but the values provided do not match the current values", label(set))
	}
	b.records.remove(set.Name, set.Type, set.SetIdentifier)
	return nil
}

func label(s RecordSet) string {
	if s.SetIdentifier == "" {
		return fmt.Sprintf("[name='%s', type='%s']", s.Name, s.Type)
	}
	return fmt.Sprintf("[name='%s', type='%s', set-identifier='%s']", s.Name, s.Type, s.SetIdentifier)
}

// checkNeighbours refuses a set that cannot stand beside the others of its name.
func (b *batch) checkNeighbours(set RecordSet) error {
	if set.Type == "CNAME" && set.Name == b.zone {
		return flawf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", set.Name, b.zone)
	}
	multiValues := 0
	for _, other := range b.records.named(set.Name) {
		if err := checkNeighbour(set, other.RecordSet, b.zone); err != nil {
			return err
		}
		if other.Type == set.Type && other.SetIdentifier != set.SetIdentifier {
			multiValues++
		}
	}
	if multiValues >= maxMultiValue {
		return flawf("The number of records of DNS name %s and type %s exceeds the limit of %d", set.Name, set.Type, maxMultiValue)
	}
	return nil
}

func checkNeighbour(set, other RecordSet, zone string) error {
	switch {
	case set.Type == "CNAME" && other.Type != "CNAME":
		return flawf("RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", set.Name, zone)
	case set.Type != "CNAME" && other.Type == "CNAME":
		return flawf("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone %s", set.Type, set.Name, zone)
	case set.Type != other.Type || set.SetIdentifier == other.SetIdentifier:
		return nil
	case set.simple() || other.simple() || set.MultiValue != other.MultiValue:
		return flawf("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created because RRSets with the same name and type and another routing policy exist", set.Name, set.Type, orNull(set.SetIdentifier))
	}
	return nil
}

// checkApex: a zone keeps its NS and SOA records.
func (b *batch) checkApex() (problems []string) {
	if _, ok := b.records.get(b.zone, "NS", ""); !ok {
		problems = append(problems, "A HostedZone must contain at least one NS record for the zone itself.")
	}
	if _, ok := b.records.get(b.zone, "SOA", ""); !ok {
		problems = append(problems, "A HostedZone must contain exactly one SOA record.")
	}
	return problems
}
