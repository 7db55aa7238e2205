package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
	"github.com/eipbinder/eipbinder/store/storetest"
)

// The reply of the first Put is lost; repeated, it finds its own write.
func ExampleIntercept() {
	lost := errors.New("connection reset by peer")
	records := storetest.Intercept(memstore.New(), func(_ context.Context, call string, do func() error) error {
		err := do()
		if call == "Put" && lost != nil {
			err, lost = lost, nil // the first reply
		}
		return err
	})
	r := store.Record{AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.1"), BinderID: "media", Phase: store.Free, WriteID: "write-1"}
	for range 2 {
		stored, err := records.Put(context.Background(), r)
		fmt.Println(stored.Version, err)
	}
	// Output:
	// 0 connection reset by peer
	// 1 <nil>
}
