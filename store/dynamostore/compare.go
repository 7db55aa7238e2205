package dynamostore

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/store"
)

// compare returns what differs from the records in the picture.
func (s *Store) compare(p picture) []finding {
	return slices.Concat(s.compareRows(p), s.compareGuards(p))
}

func (s *Store) compareRows(p picture) []finding {
	var findings []finding
	explained := map[string]bool{}
	byIP := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(p.states)) {
		r := p.states[id].record
		if r == nil {
			continue
		}
		byIP[r.IP.String()] = append(byIP[r.IP.String()], id)
		if !r.Visible() {
			continue
		}
		name := rowName(rowKey(*r))
		explained[name] = true
		if f, ok := s.compareRow(p, id, p.rows[name]); ok {
			findings = append(findings, f)
		}
	}
	for name, row := range p.rows {
		if !explained[name] {
			findings = append(findings, s.leftRow(p, row, byIP[textOf(row, attrEIP)]))
		}
	}
	return findings
}

// compareRow compares the record's row, which it should have.
func (s *Store) compareRow(p picture, id string, row item) (finding, bool) {
	r := *p.states[id].record
	f := finding{subject: rowName(rowKey(r)), row: rowKey(r), addresses: []string{id}}
	f.AllocationID = id
	if row == nil {
		f.Kind, f.Detail = missingRow, "no row "+f.subject
		f.mend = []step{s.unmoved(p, id), s.writeMissingRow(r)}
		return f, true
	}
	differences := rowDifferences(row, r)
	if len(differences) == 0 {
		return finding{}, false
	}
	f.Kind, f.Detail = staleRow, fmt.Sprintf("row %s: %s", f.subject, strings.Join(differences, ", "))
	f.mend = []step{s.unmoved(p, id), s.writeStaleRow(r, row)}
	return f, true
}

// rowDifferences says what of the row is not the record's. What others have
// added does not count, nor does the flag, except that there must be one:
// servers look for those whose flag is false.
func rowDifferences(row item, r store.Record) []string {
	var differences []string
	wanted := rowAttributes(r)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch found, ok := row[name]; {
		case !ok:
			differences = append(differences, name+" is missing")
		case !reflect.DeepEqual(found, wanted[name]):
			differences = append(differences, name+" differs from the record's")
		}
	}
	if _, ok := row[attrAllocated]; !ok {
		differences = append(differences, attrAllocated+" is missing")
	}
	return differences
}

// leftRow is about a row that no visible record has. The records are those of
// its address.
func (s *Store) leftRow(p picture, row item, records []string) finding {
	f := finding{subject: rowName(row), row: row}
	if len(records) == 0 {
		f.Kind, f.Detail = ghostRow, fmt.Sprintf("row %s: no record is about this address", f.subject)
		if id := textOf(row, attrAllocationID); id != "" { // there may be one by now
			f.addresses = []string{id}
		}
		if bare(row) {
			f.mend = []step{s.removeRow(row)}
		}
		return f
	}
	owner := records[0]
	if n := slices.IndexFunc(records, func(id string) bool { return p.states[id].standsFor(row) }); n >= 0 {
		owner = records[n]
	}
	st := p.states[owner]
	f.AllocationID, f.addresses = owner, []string{owner}
	f.Kind, f.Detail = staleRow, fmt.Sprintf("row %s: the record is %s", f.subject, st.describe())
	if textOf(row, attrInstance) == "" {
		f.Kind, f.Detail = ghostRow, f.Detail+", and the row names no instance"
	}
	if st.standsFor(row) {
		f.mend = []step{s.carryFlag(st, rowAllocated(row)), s.removeRow(row)}
	} else {
		f.mend = []step{s.unmoved(p, owner), s.removeRow(row)}
	}
	return f
}

// standsFor reports whether the row would be that of the record, which
// schedule servers have seen, if it were not hidden.
func (s state) standsFor(row item) bool {
	return s.carried != nil && s.record != nil && sameRow(rowKey(*s.record), row)
}

func (s state) describe() string {
	switch {
	case s.record.Visible():
		return "under the name " + s.record.Name
	case s.record.Draining:
		return string(s.record.Phase) + " and draining"
	}
	return string(s.record.Phase)
}

// bare reports whether nothing is in the row but what schedule servers write.
func bare(row item) bool {
	for name := range row {
		if !slices.Contains([]string{attrEIP, attrDNS, attrAllocated, attrAcquireID}, name) {
			return false
		}
	}
	return true
}

func (s *Store) compareGuards(p picture) []finding {
	holders := map[store.Key][]string{}
	for key := range p.guards {
		holders[key] = nil
	}
	for _, id := range slices.Sorted(maps.Keys(p.states)) {
		if r := p.states[id].record; r != nil {
			for _, key := range r.Keys()[1:] { // the address guards itself
				holders[key] = append(holders[key], id)
			}
		}
	}
	var findings []finding
	for key, ids := range holders {
		findings = append(findings, s.compareGuard(p, key, ids)...)
	}
	return findings
}

// compareGuard compares what guards the key with the records that hold it.
func (s *Store) compareGuard(p picture, key store.Key, holders []string) []finding {
	guard, guarded := p.guards[key]
	named := textOf(guard, attrHolder)
	f := finding{subject: key.String(), guard: key, addresses: slices.Clone(holders)}
	if guarded && !slices.Contains(holders, named) {
		f.addresses = append(f.addresses, named)
	}
	if len(holders) == 0 {
		f.Kind, f.Detail = orphanedGuard, fmt.Sprintf("%s is guarded for %q, which does not hold it", key, named)
		if p.states[named].record != nil {
			f.AllocationID = named
		}
		f.mend = []step{s.unmoved(p, named), s.removeGuard(guard)}
		return []finding{f}
	}
	detail := fmt.Sprintf("%s has no guard", key)
	if guarded {
		detail = fmt.Sprintf("%s is guarded for %q", key, named)
	}
	if len(holders) > 1 {
		detail += fmt.Sprintf(", and held by all of %v", holders)
	}
	var findings []finding
	for _, id := range holders {
		if guarded && id == named {
			continue
		}
		f.Kind, f.AllocationID, f.Detail = missingGuard, id, detail
		if len(holders) == 1 {
			f.mend = append(s.allUnmoved(p, f.addresses), s.writeGuard(key, id, guard))
		}
		findings = append(findings, f)
	}
	return findings
}
