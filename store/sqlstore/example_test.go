package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
	"github.com/eipbinder/eipbinder/store/sqlstore/sqlitedb"
)

func ExampleNew() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sqlitedb.Open(filepath.Join(dir, "records.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	records, err := sqlstore.New(db, sqlstore.SQLite)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(records.Check(ctx), store.ErrInvalid), records.Migrate(ctx), records.Check(ctx))

	first, err := records.Put(ctx, store.Record{
		AllocationID: "eipalloc-1",
		IP:           netip.MustParseAddr("203.0.113.1"),
		BinderID:     "media",
		Phase:        store.Reserved,
		InstanceID:   "i-1",
		Name:         "sfu.example.com.",
		WriteID:      "write-1",
	})
	fmt.Println(first.Version, err)

	second := first
	second.AllocationID, second.IP = "eipalloc-2", netip.MustParseAddr("203.0.113.2")
	second.InstanceID, second.Version, second.WriteID = "i-2", 0, "write-2"
	_, err = records.Put(ctx, second)
	var conflict *store.ConflictError
	if errors.As(err, &conflict) {
		fmt.Println(conflict.Key, "is held by", conflict.Holder.AllocationID)
	}
	// Output:
	// true <nil> <nil>
	// 1 <nil>
	// name#sfu.example.com. is held by eipalloc-1
}
