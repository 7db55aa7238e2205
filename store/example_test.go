package store_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// A record is found by its address, its instance and its name.
func ExampleKey() {
	ctx := context.Background()
	records := memstore.New()
	if _, err := records.Put(ctx, store.Record{
		AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.1"), BinderID: "media", WriteID: "write-1",
		Phase: store.Reserved, InstanceID: "i-1", Name: "sfu.example.com.",
	}); err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []store.Key{store.ByAddress("eipalloc-1"), store.ByInstance("i-1"), store.ByName("sfu.example.com."), store.ByName("else.example.com.")} {
		found, err := records.Get(ctx, key)
		fmt.Println(key, len(found), err)
	}
	// Output:
	// address#eipalloc-1 1 <nil>
	// instance#i-1 1 <nil>
	// name#sfu.example.com. 1 <nil>
	// name#else.example.com. 0 <nil>
}
