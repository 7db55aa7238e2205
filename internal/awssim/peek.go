package awssim

import (
	"time"
)

// Address returns one address as it is, false if there is none of this ID.
func (s *Sim) Address(allocationID string) (found Address, ok bool) {
	s.view(func(m *model) {
		var a *address
		if a, ok = m.addresses[allocationID]; ok {
			found = a.snapshot()
		}
	})
	return found, ok
}

// HeldBy returns the allocation IDs of the addresses that an interface holds.
func (s *Sim) HeldBy(networkInterfaceID string) []string {
	var held []string
	s.view(func(m *model) {
		if eni := m.interfaces[networkInterfaceID]; eni != nil {
			for _, a := range eni.held {
				held = append(held, a.allocationID)
			}
		}
	})
	return held
}

// Published returns the simple record set of this name, in Route 53's form,
// and type, and when all name servers have it; false if there is none.
func (s *Sim) Published(zoneID, name, recordType string) (found RecordSet, insyncAt time.Time, ok bool) {
	s.view(func(m *model) {
		z, err := m.findZone(zoneID)
		if err != nil {
			return
		}
		var set recordSet
		if set, ok = z.records.get(name, recordType, ""); ok {
			found, insyncAt = set.clone(), set.visibleAt
		}
	})
	return found, insyncAt, ok
}
