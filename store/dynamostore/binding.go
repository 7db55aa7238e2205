package dynamostore

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// The attributes of the binding table. An address's item has all but
// allocation_id; a guard item, of an instance or a name, has pk and
// allocation_id.
const (
	attrKey     = "pk"            // S: Key.String()
	attrVersion = "version"       // N: Record.Version
	attrBase    = "base_version"  // N: the version that the last write was made on
	attrWriteID = "write_id"      // S: Record.WriteID
	attrPhase   = "phase"         // S: Record.Phase, or phaseDeleted
	attrRecord  = "record"        // S: the Record in JSON
	attrCarried = "allocated"     // BOOL: the flag of a hidden record; see state.carried
	attrHolder  = "allocation_id" // S: who holds the guarded key
)

// phaseDeleted marks the item that stays of a deleted record: it keeps the
// version, so that a new record of the address goes on from there.
const phaseDeleted = "deleted"

// state is all that the tables say of one address.
type state struct {
	record *store.Record // with the true Allocated; nil if there is none
	last   int64         // the highest version so far
	base   int64         // the version that the last write was made on
	// carried is the flag of a record that schedule servers saw and that is
	// hidden now. It is nil for a visible record, whose flag its row has, and for
	// one that they have not seen with its present instance.
	carried *bool
	// row is the record's row in the record table. A hidden record may have one
	// too, if a schedule server has updated it after its deletion: what the
	// server says counts.
	row item
}

// shown reports whether schedule servers have seen the record with its present
// instance.
func (s state) shown() bool {
	return s.record != nil && (s.record.Visible() || s.carried != nil)
}

// version is what a writer must know to write; 0 if there is no record.
func (s state) version() int64 {
	if s.record == nil {
		return 0
	}
	return s.record.Version
}

func keyItem(k store.Key) item { return item{attrKey: text(k.String())} }

func (s *Store) decodeBinding(i item) (state, error) {
	st := state{last: numberOf(i, attrVersion), base: numberOf(i, attrBase)}
	if textOf(i, attrPhase) == phaseDeleted {
		return st, nil
	}
	r, err := s.recordOf(i)
	if err != nil {
		return state{}, fmt.Errorf("%w: stored record %q: %w", store.ErrInvalid, textOf(i, attrKey), err)
	}
	if carried, ok := i[attrCarried].(*types.AttributeValueMemberBOOL); ok {
		st.carried = &carried.Value
		r.Allocated = carried.Value
	}
	st.record = &r
	return st, nil
}

// decoded is a record and the text that it was decoded from.
type decoded struct {
	text   string
	record store.Record
}

// recordOf is decodeRecord, with less work where the item has not changed: each
// sweep reads all of them, twice, and few have.
func (s *Store) recordOf(i item) (store.Record, error) {
	key, text := textOf(i, attrKey), textOf(i, attrRecord)
	known, _ := s.known.Load(key)
	if last, ok := known.(decoded); ok && last.text == text && last.record.Version == numberOf(i, attrVersion) {
		return last.record.Clone(), nil
	}
	r, err := decodeRecord(i)
	if err == nil {
		s.known.Store(key, decoded{text, r.Clone()})
	}
	return r, err
}

// decodeRecord returns the record that the item says. One that no Put can have
// written must not come to a planner, nor lead to a version that was there before.
func decodeRecord(i item) (r store.Record, err error) {
	if err := json.Unmarshal([]byte(textOf(i, attrRecord)), &r); err != nil {
		return r, err
	}
	if key := store.ByAddress(r.AllocationID).String(); key != textOf(i, attrKey) {
		return r, fmt.Errorf("it is about %s", key)
	}
	if version := numberOf(i, attrVersion); version != r.Version {
		return r, fmt.Errorf("its version is %d, the item's %d", r.Version, version)
	}
	return r, r.Validate()
}

// encodeBinding returns the address's item. The record has its new version.
func encodeBinding(r store.Record, base int64, carried *bool) (item, error) {
	r.Allocated = false // lives in the row, or in attrCarried
	encoded, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("%w: record of %q: %w", store.ErrInvalid, r.AllocationID, err)
	}
	i := keyItem(store.ByAddress(r.AllocationID))
	i[attrVersion], i[attrBase] = number(r.Version), number(base)
	i[attrWriteID], i[attrPhase] = text(r.WriteID), text(string(r.Phase))
	i[attrRecord] = text(string(encoded))
	if carried != nil {
		i[attrCarried] = flagValue(*carried)
	}
	return i, nil
}

// encodeDeleted returns the item that stays of a deleted record.
func encodeDeleted(allocationID string, version int64) item {
	i := keyItem(store.ByAddress(allocationID))
	i[attrVersion], i[attrPhase] = number(version), text(phaseDeleted)
	return i
}
