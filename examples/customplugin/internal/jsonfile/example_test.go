package jsonfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"example.com/customplugin/internal/jsonfile"
)

func ExampleWrite() {
	folder, err := os.MkdirTemp("", "jsonfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	held, err := jsonfile.Lock(context.Background(), folder)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer held.Close()

	path := filepath.Join(folder, "names.json")
	if err := jsonfile.Write(path, []string{"w1", "w2"}); err != nil {
		fmt.Println(err)
		return
	}
	names, err := jsonfile.Read[[]string](path)
	fmt.Println(names, err)
	// Output: [w1 w2] <nil>
}
