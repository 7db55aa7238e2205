package sqlstore_test

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"testing"

	"github.com/eipbinder/eipbinder/store"
)

// bound returns a record of the n-th address that schedule servers see.
func bound(n int) store.Record {
	return store.Record{
		AllocationID:  fmt.Sprintf("eipalloc-%04d", n),
		IP:            netip.AddrFrom4([4]byte{198, 18, 0, byte(n)}),
		BinderID:      "sqlstore",
		Phase:         store.Bound,
		WriteID:       rand.Text(),
		InstanceID:    fmt.Sprintf("i-%d", n),
		Name:          fmt.Sprintf("w%d.example.com.", n),
		AssociationID: fmt.Sprintf("eipassoc-%d", n),
	}
}

// next returns the record changed, as the next write of it.
func next(r store.Record, change func(*store.Record)) store.Record {
	r = r.Clone()
	r.WriteID = rand.Text()
	change(&r)
	return r
}

func releasing(r *store.Record) { r.Phase = store.Releasing }

func put(t *testing.T, s store.Store, r store.Record) store.Record {
	t.Helper()
	stored, err := s.Put(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func get(t *testing.T, s store.Store, key store.Key) store.Record {
	t.Helper()
	found, err := s.Get(t.Context(), key)
	if err != nil || len(found) != 1 {
		t.Fatalf("Get(%s) = %v, %v, want one record", key, found, err)
	}
	return found[0]
}
