// Package memstore keeps the binder's records in memory. It keeps the whole
// contract of [store.Store], so programs that need no memory over a restart,
// such as a demonstration or a test, can use it as it is.
//
//	records := memstore.New()
//	record, err := records.Put(ctx, store.Record{
//		AllocationID: "eipalloc-0a1b",
//		IP:           netip.MustParseAddr("203.0.113.7"),
//		BinderID:     "media",
//		Phase:        store.Free,
//		WriteID:      rand.Text(),
//	})
//	// record.Version is 1
//
// A Store is safe for concurrent use. It shares no memory with its callers.
package memstore

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/eipbinder/eipbinder/store"
)

var (
	_ store.Store    = (*Store)(nil)
	_ store.Registry = (*Store)(nil)
)

// Store implements [store.Store], [store.Registry] and [store.Pauser]. Make
// one with [New].
type Store struct {
	mu      sync.Mutex
	entries map[string]entry     // by allocation ID
	holders map[store.Key]string // instances and names in use, and whose they are
	pause   *string              // why the binders are paused; nil if they are not
}

// entry is what is known of one address. It outlives the record, so that
// versions go on where they ended.
type entry struct {
	record *store.Record // nil once it is deleted; never changed in place
	last   int64         // the highest version so far
	base   int64         // the version that the last write was made on
}

// version is what a writer must know to write; 0 if there is no record.
func (e entry) version() int64 {
	if e.record == nil {
		return 0
	}
	return e.record.Version
}

// New returns an empty Store.
func New() *Store {
	return &Store{entries: map[string]entry{}, holders: map[store.Key]string{}}
}

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]store.Record{}
	for _, key := range keys {
		if r := s.holder(key); r != nil {
			found[r.AllocationID] = r.Clone()
		}
	}
	return slices.SortedFunc(maps.Values(found), byAllocationID), nil
}

// Put implements [store.Store]. Besides Releasing, an unforced Put that frees
// an acquired record at once, or gives it to another instance, is
// ErrAllocated too.
func (s *Store) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if err := r.Validate(); err != nil {
		return store.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[r.AllocationID]
	if e.record != nil && e.record.IP != r.IP {
		return store.Record{}, fmt.Errorf("%w: address %s is %s and cannot become %s", store.ErrInvalid, r.AllocationID, e.record.IP, r.IP)
	}
	if e.record != nil && e.record.WriteID == r.WriteID && e.base == r.Version {
		return e.record.Clone(), nil
	}
	if err := s.conflict(e, r); err != nil {
		return store.Record{}, err
	}
	allocated, err := flag(e.record, r)
	if err != nil {
		return store.Record{}, err
	}
	return s.write(e, r, allocated), nil
}

// conflict returns the first reason why the record cannot have its keys.
func (s *Store) conflict(e entry, r store.Record) error {
	if e.version() != r.Version {
		return conflictError(store.ByAddress(r.AllocationID), e.record)
	}
	for _, key := range r.Keys() {
		if holder := s.holder(key); holder != nil && holder.AllocationID != r.AllocationID {
			return conflictError(key, holder)
		}
	}
	return nil
}

// flag returns the flag Allocated that next gets as the successor of prev.
func flag(prev *store.Record, next store.Record) (bool, error) {
	if prev == nil || !prev.Allocated {
		return false, nil
	}
	stays := next.InstanceID == prev.InstanceID
	leaves := !stays || next.Phase == store.Releasing
	if leaves && prev.Phase != store.Releasing && !next.Forced {
		return false, fmt.Errorf("%w: %s of instance %s", store.ErrAllocated, prev.AllocationID, prev.InstanceID)
	}
	return stays, nil
}

// write makes r the stored record, with its keys and no others.
func (s *Store) write(e entry, r store.Record, allocated bool) store.Record {
	base := r.Version
	r = r.Clone()
	r.Version, r.Allocated = e.last+1, allocated
	s.freeKeys(e.record)
	for _, key := range r.Keys() {
		s.holders[key] = r.AllocationID
	}
	s.entries[r.AllocationID] = entry{record: &r, last: r.Version, base: base}
	return r.Clone()
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, r store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[r.AllocationID]
	switch {
	case e.record == nil:
		return nil
	case e.record.Version != r.Version:
		return conflictError(store.ByAddress(r.AllocationID), e.record)
	case e.record.Phase != store.Free:
		return fmt.Errorf("%w: record of %s is %s; only Free records can be deleted", store.ErrInvalid, r.AllocationID, e.record.Phase)
	}
	s.freeKeys(e.record)
	s.entries[r.AllocationID] = entry{last: e.last + 1}
	return nil
}

// List implements [store.Store]. It yields the records as they were when the
// iteration began.
func (s *Store) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for _, r := range s.snapshot() {
			if err := ctx.Err(); err != nil {
				yield(store.Record{}, err)
				return
			}
			if f.Match(r) && !yield(r.Clone(), nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(store.Record{}, err)
		}
	}
}

func (s *Store) snapshot() []store.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := make([]store.Record, 0, len(s.entries))
	for _, e := range s.entries {
		if e.record != nil {
			records = append(records, *e.record)
		}
	}
	slices.SortFunc(records, byAllocationID)
	return records
}

// holder returns the record that holds the key, nil if none does.
func (s *Store) holder(key store.Key) *store.Record {
	return s.entries[s.holders[key]].record
}

func (s *Store) freeKeys(r *store.Record) {
	if r == nil {
		return
	}
	for _, key := range r.Keys() {
		delete(s.holders, key)
	}
}

func conflictError(key store.Key, holder *store.Record) error {
	if holder != nil {
		clone := holder.Clone()
		holder = &clone
	}
	return &store.ConflictError{Key: key, Holder: holder}
}

func byAllocationID(a, b store.Record) int { return strings.Compare(a.AllocationID, b.AllocationID) }
