// Package jsonfile keeps values in JSON files that several processes change,
// on a local file system of a Unix.
//
//	held, err := jsonfile.Lock(ctx, "/var/lib/edge")
//	if err != nil {
//		return err
//	}
//	defer held.Close()
//	n, err := jsonfile.Read[int]("/var/lib/edge/n.json")
//	if err != nil {
//		return err
//	}
//	return jsonfile.Write("/var/lib/edge/n.json", n+1)
//
// Whoever reads a file sees it as it was before a Write or as it is after it,
// locked or not. All functions are safe for concurrent use.
package jsonfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrBroken: what the file holds is not the JSON of such a value.
var ErrBroken = errors.New("broken file")

// Read returns the value in the file. A missing file is fs.ErrNotExist, one
// that cannot be understood is ErrBroken.
func Read[T any](path string) (value T, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return value, err
	}
	if err := json.Unmarshal(data, &value); err != nil {
		return value, fmt.Errorf("%w: %s: %w", ErrBroken, path, err)
	}
	return value, nil
}

// Write makes the file hold the value. The caller has locked its folder. A
// process or a machine that dies meanwhile leaves the old file or the new one;
// so does an error.
func Write(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	next, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = next.Write(data)
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a renaming last over a power failure.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
