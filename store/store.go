// Package store says how the binder remembers: one [Record] per address, and
// a [Store] that lets only one writer win. It holds no database code:
// dynamostore implements Store on Amazon DynamoDB, memstore in memory, and
// storetest proves an implementation right.
//
// The store is the arbiter: an address, an instance and a name each belong to
// at most one record, and Put is the only place where that is decided.
//
//	record.Phase, record.InstanceID, record.Name = store.Reserved, "i-0abc", "sfu.example.com."
//	record.WriteID = rand.Text()
//	record, err := s.Put(ctx, record)
//	var conflict *store.ConflictError
//	if errors.As(err, &conflict) {
//		// conflict.Key is taken, by conflict.Holder
//	}
//
// Stores are safe for concurrent use. Values that they return share no memory
// with their state, and they keep none that they are given.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// KeyKind says what a Key names.
type KeyKind string

// The kinds of keys. Each is unique over all records.
const (
	AddressKey  KeyKind = "address"
	InstanceKey KeyKind = "instance"
	NameKey     KeyKind = "name"
)

// Key names at most one record.
type Key struct {
	Kind KeyKind
	ID   string
}

// String returns the key as "kind#ID".
func (k Key) String() string { return string(k.Kind) + "#" + k.ID }

// ByAddress is the key of the record of this address. Every record has it.
func ByAddress(allocationID string) Key { return Key{AddressKey, allocationID} }

// ByInstance is the key of the record that holds this instance.
func ByInstance(instanceID string) Key { return Key{InstanceKey, instanceID} }

// ByName is the key of the record that holds this name (absolute).
func ByName(name string) Key { return Key{NameKey, name} }

// Filter selects records in List. The zero Filter selects all.
type Filter struct {
	// Phases selects records of one of these phases; empty means all.
	Phases []Phase
}

// Match reports whether the filter selects the record.
func (f Filter) Match(r Record) bool {
	return len(f.Phases) == 0 || slices.Contains(f.Phases, r.Phase)
}

// Store keeps records.
//
// Every error but a context's wraps the cause and, where it is one of this
// package's kinds, the sentinel too. An error that wraps no sentinel is worth
// another try. After such an error or a cancellation of Put or Delete the
// write may have happened, wholly or not at all.
type Store interface {
	// Get returns the records that hold these keys, each once, in the order of
	// their AllocationID. Keys that no record holds are left out. The read is
	// strongly consistent: it shows every write that returned before it began.
	// There are no partial results: what could not be read is an error.
	Get(ctx context.Context, keys ...Key) ([]Record, error)

	// Put writes the record if the stored version is r.Version (0: if there is
	// no record of this address), and if no other record holds its instance or
	// its name. It returns the record as stored: with its new Version, greater
	// than any that the address ever had, and with the true Allocated. Keys that
	// the record held before and holds no longer are free from then on. A Free
	// record holds a name, too, if it has one.
	//
	// Otherwise nothing is changed, and the error is a *ConflictError (which is
	// ErrConflict) with the key and its present holder. A record that fails
	// Validate, or whose IP differs from the stored one, is ErrInvalid.
	//
	// Repeating a Put with the same Version and WriteID, after a lost reply, is
	// success if the first one was, as long as nobody wrote since. A store
	// therefore keeps with each record the version that it was written on.
	//
	// The flag Allocated is the schedule servers'. It is false when a record
	// becomes Bound for the first time, is never changed by Put while the record
	// stays with its instance, not even while it is hidden, and is reset when it
	// is Free. Taking a record from its instance (making it Releasing or Free, or
	// giving it to another instance) while its flag is set is ErrAllocated, and
	// nothing is changed, unless r.Forced is set. A Releasing record has been taken
	// already: freeing it needs no Forced.
	Put(ctx context.Context, r Record) (Record, error)

	// Delete removes the record if the stored version is r.Version. Only Free
	// records can be removed: otherwise ErrInvalid. No record of this address is
	// success. Another version is a *ConflictError. Where both apply, either. What
	// Version needs to go on growing, if there is a new record of this address, is
	// kept.
	Delete(ctx context.Context, r Record) error

	// List yields the records that the filter selects, each once, in no
	// particular order. Records that are written meanwhile may be yielded as
	// they were before or after. An error ends the sequence: what came before it
	// is then not all. Breaking off is fine.
	List(ctx context.Context, f Filter) iter.Seq2[Record, error]
}

// Checker is what a Store implements in addition if it can tell in advance
// whether it will do.
type Checker interface {
	// Check returns nil if the store exists, can be read, and has the schema
	// that it needs. The error names what is wrong and how to mend it.
	Check(ctx context.Context) error
}

// Registry is a schedule server's side of a store. Stores that schedule
// servers use through this module implement it in addition; on others they
// set the flag by the store's own means.
type Registry interface {
	// Acquire sets the flag Allocated of a visible record: ErrNotFound if no
	// visible record has this address, ErrAllocated if the flag is set.
	Acquire(ctx context.Context, allocationID string) error

	// Yield clears the flag of a record, visible or draining. A flag that is not
	// set is success; no Bound record of this address is ErrNotFound.
	Yield(ctx context.Context, allocationID string) error
}

// The kinds of errors that callers act upon; compare with errors.Is.
var (
	// ErrNotFound: no such record.
	ErrNotFound = errors.New("no such record")
	// ErrConflict: somebody else was first. The error is a *ConflictError.
	ErrConflict = errors.New("record conflict")
	// ErrAllocated: a schedule server has acquired the record.
	ErrAllocated = errors.New("record is allocated by a schedule server")
	// ErrThrottled: too many calls; come back later.
	ErrThrottled = errors.New("throttled")
	// ErrDenied: the caller may not do this. Trying again does not help.
	ErrDenied = errors.New("not permitted")
	// ErrInvalid: the request, the stored data or the schema is wrong. Trying
	// again does not help.
	ErrInvalid = errors.New("invalid")
)

// ConflictError says which key is not the writer's, and whose it is. It is
// ErrConflict.
type ConflictError struct {
	// Key is the address key if the version was not the stored one; else the
	// instance or the name that another record holds.
	Key Key
	// Holder is the record that holds the key, as stored; nil if there is none
	// (any more).
	Holder *Record
}

// Error names the key and the holder.
func (e *ConflictError) Error() string {
	if e.Holder == nil {
		return fmt.Sprintf("%s: %s is held by no record any more", ErrConflict, e.Key)
	}
	return fmt.Sprintf("%s: %s is held by %s (%s, version %d, instance %q)",
		ErrConflict, e.Key, e.Holder.AllocationID, e.Holder.Phase, e.Holder.Version, e.Holder.InstanceID)
}

// Is makes errors.Is find ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
