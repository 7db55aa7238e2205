package filestore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/store"
)

// folder is the path of a store. Its methods need its lock.
//
// There is a file for each key. That of an address holds all that is known of
// the address, and is the truth. That of an instance or a name is a hint: the
// ID of an address whose record may hold the key. A hint is written before the
// record and removed after it, so whoever dies in between leaves at worst a
// hint too many, and holder sees that it is wrong.
type folder string

// address is what is known of one address. It outlives the record, so that
// versions go on where they ended.
type address struct {
	Record *store.Record `json:"record,omitempty"` // nil once it is deleted
	// Last is the highest version so far, Base the one that the record was
	// written on: with it and the WriteID a repeated write is known.
	Last int64 `json:"last"`
	Base int64 `json:"base"`
}

// path returns the key's file. IDs are hashed: any length and any letters do.
func (f folder) path(key store.Key) string {
	sum := sha256.Sum256([]byte(key.ID))
	return filepath.Join(string(f), string(key.Kind)+"-"+hex.EncodeToString(sum[:])+".json")
}

// address returns what is known of the address; the zero value if nothing is.
func (f folder) address(allocationID string) (address, error) {
	return readIfThere[address](f.path(store.ByAddress(allocationID)))
}

// holder returns the record that holds the key, if there is one.
func (f folder) holder(key store.Key) (r store.Record, held bool, err error) {
	id := key.ID
	if key.Kind != store.AddressKey {
		if id, err = readIfThere[string](f.path(key)); err != nil {
			return store.Record{}, false, err
		}
	}
	a, err := f.address(id)
	if err != nil || a.Record == nil || !slices.Contains(a.Record.Keys(), key) {
		return store.Record{}, false, err
	}
	return *a.Record, true, nil
}

// records returns all records.
func (f folder) records() ([]store.Record, error) {
	paths, err := filepath.Glob(filepath.Join(string(f), string(store.AddressKey)+"-*.json"))
	if err != nil {
		return nil, err
	}
	var all []store.Record
	for _, path := range paths {
		a, err := jsonfile.Read[address](path)
		if err != nil {
			return nil, err
		}
		if a.Record != nil {
			all = append(all, *a.Record)
		}
	}
	return all, nil
}

// write makes r the record of its address, in place of prev (nil: of none).
func (f folder) write(prev *store.Record, r store.Record, a address) error {
	var old []store.Key
	if prev != nil {
		old = prev.Keys()
	}
	for _, key := range r.Keys()[1:] { // the first is the record's own file
		if slices.Contains(old, key) {
			continue
		}
		if err := jsonfile.Write(f.path(key), r.AllocationID); err != nil {
			return err
		}
	}
	a.Record = &r
	if err := jsonfile.Write(f.path(store.ByAddress(r.AllocationID)), a); err != nil {
		return err
	}
	for _, key := range old {
		if !slices.Contains(r.Keys(), key) {
			_ = os.Remove(f.path(key)) // a hint that stays does no harm
		}
	}
	return nil
}

// readIfThere returns the zero value if there is no such file.
func readIfThere[T any](path string) (T, error) {
	value, err := jsonfile.Read[T](path)
	if errors.Is(err, fs.ErrNotExist) {
		return value, nil
	}
	return value, err
}
