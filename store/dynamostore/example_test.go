package dynamostore_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

func Example() {
	client := newFake() // in a program: dynamodb.NewFromConfig(cfg)
	records, err := dynamostore.New(client, func(o *dynamostore.Options) {
		o.RecordTable, o.BindingTable = "media_records", "media_bindings"
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	record, err := records.Put(context.Background(), store.Record{
		AllocationID: "eipalloc-1",
		IP:           netip.MustParseAddr("203.0.113.1"),
		BinderID:     "media",
		Phase:        store.Reserved,
		InstanceID:   "i-1",
		Name:         "sfu.example.com.",
		WriteID:      "write-1",
	})
	fmt.Println(record.Version, err)
	found, err := records.Get(context.Background(), store.ByInstance("i-1"))
	fmt.Println(len(found), found[0].AllocationID, err)
	// Output:
	// 1 <nil>
	// 1 eipalloc-1 <nil>
}
