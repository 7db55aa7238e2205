package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"example.com/customplugin/filestore"
	"github.com/eipbinder/eipbinder/store"
)

// With these variables the test program is one of several writers: the store's
// folder, and the writer's number.
const (
	folderVariable = "FILESTORE_TEST_FOLDER"
	numberVariable = "FILESTORE_TEST_NUMBER"
)

func TestMain(m *testing.M) {
	path := os.Getenv(folderVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	if err := reserveAll(context.Background(), filestore.New(path), os.Getenv(numberVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	writers   = 4
	instances = 25
)

// Processes that each want an address of their own for the same instances:
// every instance gets one.
func TestProcesses(t *testing.T) {
	path := newFolder(t)
	processes := make([]*exec.Cmd, writers)
	for n := range processes {
		p := exec.CommandContext(t.Context(), os.Args[0])
		p.Env = append(os.Environ(), folderVariable+"="+path, numberVariable+"="+strconv.Itoa(n))
		p.Stderr = t.Output()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		processes[n] = p
	}
	for n, p := range processes {
		if err := p.Wait(); err != nil {
			t.Errorf("writer %d: %v", n, err)
		}
	}
	served := map[string]string{}
	for r, err := range filestore.New(path).List(t.Context(), store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := served[r.InstanceID]; twice {
			t.Errorf("%s has %s and %s", r.InstanceID, r.AllocationID, other)
		}
		served[r.InstanceID] = r.AllocationID
	}
	if len(served) != instances {
		t.Errorf("%d instances have an address, want all %d", len(served), instances)
	}
}

// reserveAll reserves an address of the writer's for each instance. It is no
// error if another writer was first.
func reserveAll(ctx context.Context, s *filestore.Store, number string) error {
	for n := range instances {
		id := number + "-" + strconv.Itoa(n)
		_, err := s.Put(ctx, store.Record{
			AllocationID: "address-" + id,
			IP:           netip.AddrFrom4([4]byte{198, 18, 0, byte(n)}),
			BinderID:     "edge",
			Phase:        store.Reserved,
			InstanceID:   "r4-" + strconv.Itoa(n),
			Name:         "w" + id + ".example.com.",
			WriteID:      "write-" + id,
		})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil
}
