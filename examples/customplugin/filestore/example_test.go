package filestore_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"example.com/customplugin/filestore"
	"github.com/eipbinder/eipbinder/store"
)

func ExampleNew() {
	folder, err := os.MkdirTemp("", "records")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "store.json"), []byte("{}"), 0o644); err != nil {
		fmt.Println(err)
		return
	}

	record := store.Record{
		AllocationID: "203.0.113.7", IP: netip.MustParseAddr("203.0.113.7"),
		BinderID: "edge", Phase: store.Free, WriteID: "write-1",
	}
	stored, err := filestore.New(folder).Put(context.Background(), record)
	fmt.Println(stored.Version, err)

	record.WriteID = "write-2" // of somebody who does not know the first one
	_, err = filestore.New(folder).Put(context.Background(), record)
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// record conflict: address#203.0.113.7 is held by 203.0.113.7 (free, version 1, instance "")
}
