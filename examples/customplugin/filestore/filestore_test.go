package filestore_test

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"example.com/customplugin/filestore"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return filestore.New(newFolder(t)) })
}

// newFolder returns the path of a new store.
func newFolder(t *testing.T) string {
	t.Helper()
	path := t.TempDir()
	write(t, path, "store.json", "{}")
	return path
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	if err := filestore.New(newFolder(t)).Check(t.Context()); err != nil {
		t.Error(err)
	}
	broken := newFolder(t)
	write(t, broken, "store.json", `{"pause":`)
	for what, path := range map[string]string{"broken": broken, "empty": t.TempDir(), "missing": t.TempDir() + "/missing"} {
		s := filestore.New(path)
		if err := s.Check(t.Context()); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Check of a folder that is %s: %v, want %v", what, err, store.ErrInvalid)
		}
		if records, err := s.Get(t.Context(), store.ByInstance("r4-1")); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Get from a folder that is %s = %v, %v; want %v", what, records, err, store.ErrInvalid)
		}
	}
}

func record(phase store.Phase) store.Record {
	r := store.Record{
		AllocationID: "203.0.113.7", IP: netip.MustParseAddr("203.0.113.7"),
		BinderID: "edge", Phase: phase, WriteID: rand.Text(),
	}
	if phase != store.Free {
		r.InstanceID, r.Name = "r4-1", "w1.example.com."
	}
	return r
}

// A store that is opened anew, as by a new process, goes on with the old
// versions.
func TestRestart(t *testing.T) {
	path := newFolder(t)
	first, err := filestore.New(path).Put(t.Context(), record(store.Free))
	if err != nil {
		t.Fatal(err)
	}
	if err := filestore.New(path).Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second, err := filestore.New(path).Put(t.Context(), record(store.Free))
	if err != nil || second.Version <= first.Version {
		t.Errorf("Put = version %d, %v; want more than %d", second.Version, err, first.Version)
	}
}

// A writer that died before it changed the record left the hints: they claim
// nothing, and others write over them.
func TestDeathBeforeTheRecord(t *testing.T) {
	path := newFolder(t)
	s := filestore.New(path)
	free, err := s.Put(t.Context(), record(store.Free))
	if err != nil {
		t.Fatal(err)
	}
	file := glob(t, path, "address-*.json")[0]
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	reserved := record(store.Reserved)
	reserved.Version = free.Version
	if _, err := s.Put(t.Context(), reserved); err != nil {
		t.Fatal(err)
	}
	write(t, path, filepath.Base(file), string(before))

	if found, err := s.Get(t.Context(), reserved.Keys()[1:]...); err != nil || len(found) > 0 {
		t.Errorf("Get = %v, %v; want nothing", found, err)
	}
	other := record(store.Reserved)
	other.AllocationID = "203.0.113.8"
	if _, err := s.Put(t.Context(), other); err != nil {
		t.Error(err)
	}
	if _, err := s.Put(t.Context(), reserved); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Put of what another record holds by now: %v, want %v", err, store.ErrConflict)
	}
}

// A record that is taken back leaves no files behind but its own.
func TestHintsGo(t *testing.T) {
	path := newFolder(t)
	s := filestore.New(path)
	reserved, err := s.Put(t.Context(), record(store.Reserved))
	if err != nil {
		t.Fatal(err)
	}
	freed := record(store.Free)
	freed.Version = reserved.Version
	if _, err := s.Put(t.Context(), freed); err != nil {
		t.Fatal(err)
	}
	if files := glob(t, path, "*"); len(files) != 2 {
		t.Errorf("the store has the files %v, want store.json and the address's", files)
	}
}

func glob(t *testing.T, folder, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
