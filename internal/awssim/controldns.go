package awssim

// CreateZone creates a hosted zone and returns its ID, without a prefix.
func (s *Sim) CreateZone(name string) (zoneID string, err error) {
	err = s.update(func(m *model) error {
		z, _, err := m.createZone(name, m.ids.uuid(), "")
		if err == nil {
			zoneID = z.id
		}
		return err
	})
	return zoneID, err
}

// RecordSets returns the zone's record sets in Route 53's order, or nothing if
// there is no such zone.
func (s *Sim) RecordSets(zoneID string) []RecordSet {
	var sets []RecordSet
	s.view(func(m *model) {
		z, err := m.findZone(zoneID)
		if err != nil {
			return
		}
		for _, set := range z.records.sets {
			sets = append(sets, set.clone())
		}
	})
	return sets
}

// PutRecordSet creates or overwrites a record set by hand, as UPSERT does.
func (s *Sim) PutRecordSet(zoneID string, set RecordSet) error {
	return s.changeRecordSet(zoneID, change{action: "UPSERT", set: set.clone()})
}

// DeleteRecordSet deletes a record set by hand. It must be exactly this one.
func (s *Sim) DeleteRecordSet(zoneID string, set RecordSet) error {
	return s.changeRecordSet(zoneID, change{action: "DELETE", set: set.clone()})
}

func (s *Sim) changeRecordSet(zoneID string, c change) error {
	return s.update(func(m *model) error {
		_, err := m.changeRecordSets(zoneID, []change{c}, "")
		return err
	})
}
