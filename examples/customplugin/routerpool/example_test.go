package routerpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"example.com/customplugin/routerpool"
	"github.com/eipbinder/eipbinder/eippool"
)

func ExampleNew() {
	folder, err := os.MkdirTemp("", "edge")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	err = errors.Join(
		os.WriteFile(filepath.Join(folder, "addresses.txt"), []byte("203.0.113.7 media\n203.0.113.8 office\n"), 0o644),
		os.WriteFile(filepath.Join(folder, "assignments.json"), []byte("{}"), 0o644),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	running := func(context.Context, string) (string, error) { return "running", nil }
	pool, err := routerpool.New(folder, "media", running)
	if err != nil {
		fmt.Println(err)
		return
	}
	target := eippool.Target{InstanceID: "r4-07", NetworkInterfaceID: "r4-07-eth0"}
	if _, err := pool.Associate(ctx, "203.0.113.7", target); err != nil {
		fmt.Println(err)
		return
	}
	addresses, err := pool.List(ctx)
	for _, a := range addresses {
		fmt.Println(a.IP, a.InstanceID, err)
	}
	// Output: 203.0.113.7 r4-07 <nil>
}
