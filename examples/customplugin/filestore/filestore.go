// Package filestore keeps the binder's records in a folder of JSON files, for
// sites without a database. It implements [store.Store], [store.Registry],
// [store.Pauser] and [store.Checker].
//
//	records := filestore.New("/var/lib/edge/records") // with store.json, which holds {}
//	record, err := records.Put(ctx, store.Record{
//		AllocationID: "203.0.113.7",
//		IP:           netip.MustParseAddr("203.0.113.7"),
//		BinderID:     "edge",
//		Phase:        store.Free,
//		WriteID:      rand.Text(),
//	})
//
// Every call locks the folder, so the first of two writers wins. A new store
// is a folder with a file store.json that holds {}: without it every call
// fails, since a disk that is not mounted must not look like an empty store.
//
// A Store is safe for concurrent use, also by several processes of one
// machine, each with a Store of its own on the same folder.
package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"example.com/customplugin/internal/jsonfile"
	"github.com/eipbinder/eipbinder/store"
)

// Store is a folder of records. Make one with New.
type Store struct{ folder folder }

var (
	_ store.Store   = (*Store)(nil)
	_ store.Checker = (*Store)(nil)
)

// New returns the store in this folder. It does no I/O: Check does.
func New(path string) *Store { return &Store{folder(path)} }

// Check returns nil if the folder is there and holds a store.
func (s *Store) Check(ctx context.Context) error {
	return s.locked(ctx, func(folder) error { return nil })
}

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	found := map[string]store.Record{}
	err := s.locked(ctx, func(f folder) error {
		for _, key := range keys {
			r, held, err := f.holder(key)
			if err != nil {
				return err
			}
			if held {
				found[r.AllocationID] = r
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(found), byAllocationID), nil
}

// Put implements [store.Store].
func (s *Store) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if err := r.Validate(); err != nil {
		return store.Record{}, err
	}
	var stored store.Record
	err := s.locked(ctx, func(f folder) (err error) {
		stored, err = f.put(r)
		return err
	})
	return stored, err
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, r store.Record) error {
	return s.locked(ctx, func(f folder) error { return f.delete(r) })
}

// List implements [store.Store]. It yields the records as they were when the
// iteration began.
func (s *Store) List(ctx context.Context, filter store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		var all []store.Record
		err := s.locked(ctx, func(f folder) (err error) {
			all, err = f.records()
			return err
		})
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		for _, r := range all {
			if filter.Match(r) && !yield(r, nil) {
				return
			}
		}
	}
}

// locked does something with the folder while nobody else does anything.
func (s *Store) locked(ctx context.Context, do func(folder) error) error {
	held, err := jsonfile.Lock(ctx, string(s.folder))
	if err != nil {
		return wrap(err)
	}
	defer held.Close()
	if _, err := s.folder.settings(); err != nil {
		return wrap(fmt.Errorf("is %s a store? A new one has a file %s that holds {}: %w", s.folder, settingsFile, err))
	}
	return wrap(do(s.folder))
}

// wrap adds the sentinel to errors of the files that have one.
func wrap(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, jsonfile.ErrBroken):
		return fmt.Errorf("%w: %w", store.ErrInvalid, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", store.ErrDenied, err)
	}
	return err
}

const settingsFile = "store.json"

// settings are what the store knows beside the records.
type settings struct {
	Pause *string `json:"pause,omitempty"` // why the binders are paused; nil if they are not
}

func (f folder) settings() (settings, error) {
	return jsonfile.Read[settings](filepath.Join(string(f), settingsFile))
}

func byAllocationID(a, b store.Record) int { return strings.Compare(a.AllocationID, b.AllocationID) }
