package filestore

import (
	"fmt"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/store"
)

// put is Put's rules; that nobody else writes meanwhile is the lock's part.
func (f folder) put(r store.Record) (store.Record, error) {
	a, err := f.address(r.AllocationID)
	switch {
	case err != nil:
		return store.Record{}, err
	case a.Record != nil && a.Record.IP != r.IP:
		return store.Record{}, fmt.Errorf("%w: %s is %s, not %s", store.ErrInvalid, r.AllocationID, a.Record.IP, r.IP)
	case a.Record != nil && a.Record.WriteID == r.WriteID && a.Base == r.Version:
		return *a.Record, nil // repeated
	case a.version() != r.Version:
		return store.Record{}, &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: a.Record}
	}
	if err := f.unheld(r); err != nil {
		return store.Record{}, err
	}
	allocated, err := flag(a.Record, r)
	if err != nil {
		return store.Record{}, err
	}
	next := address{Last: a.Last + 1, Base: r.Version}
	r = r.Clone()
	r.Version, r.Allocated = next.Last, allocated
	if err := f.write(a.Record, r, next); err != nil {
		return store.Record{}, err
	}
	return r, nil
}

// version is what a writer must know to write; 0 if there is no record.
func (a address) version() int64 {
	if a.Record == nil {
		return 0
	}
	return a.Record.Version
}

// unheld returns a conflict if another record holds r's instance or name.
func (f folder) unheld(r store.Record) error {
	for _, key := range r.Keys()[1:] { // the first is its own address
		holder, held, err := f.holder(key)
		if err != nil {
			return err
		}
		if held && holder.AllocationID != r.AllocationID {
			return &store.ConflictError{Key: key, Holder: &holder}
		}
	}
	return nil
}

// flag returns the flag Allocated of next, which replaces prev.
func flag(prev *store.Record, next store.Record) (bool, error) {
	if prev == nil || !prev.Allocated {
		return false, nil
	}
	stays := next.InstanceID == prev.InstanceID
	taken := !stays || next.Phase == store.Releasing
	if taken && prev.Phase != store.Releasing && !next.Forced {
		return false, fmt.Errorf("%w: %s of instance %s", store.ErrAllocated, prev.AllocationID, prev.InstanceID)
	}
	return stays, nil
}

// delete is Delete's rules.
func (f folder) delete(r store.Record) error {
	a, err := f.address(r.AllocationID)
	switch {
	case err != nil:
		return err
	case a.Record == nil:
		return nil
	case a.Record.Version != r.Version:
		return &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: a.Record}
	case a.Record.Phase != store.Free:
		return fmt.Errorf("%w: record of %s is %s, not free", store.ErrInvalid, r.AllocationID, a.Record.Phase)
	}
	return jsonfile.Write(f.path(store.ByAddress(r.AllocationID)), address{Last: a.Last})
}
