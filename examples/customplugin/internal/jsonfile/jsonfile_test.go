package jsonfile_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/customplugin/internal/jsonfile"
)

// newFile returns a folder, and the path of a file in it with this content.
func newFile(t *testing.T, content string) (folder, path string) {
	t.Helper()
	folder = t.TempDir()
	path = filepath.Join(folder, "n.json")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, path
}

func increment(ctx context.Context, folder, path string) error {
	held, err := jsonfile.Lock(ctx, folder)
	if err != nil {
		return err
	}
	defer held.Close()
	n, err := jsonfile.Read[int](path)
	if err != nil {
		return err
	}
	return jsonfile.Write(path, n+1)
}

func TestNoChangeIsLost(t *testing.T) {
	folder, path := newFile(t, "0")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				if err := increment(t.Context(), folder, path); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n, err := jsonfile.Read[int](path); err != nil || n != 80 {
		t.Errorf("Read = %d, %v; want 80", n, err)
	}
}

// What a process leaves that dies while it writes is in nobody's way.
func TestAfterADeath(t *testing.T) {
	folder, path := newFile(t, "1")
	if err := os.WriteFile(path+".new", []byte("1234567"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := increment(t.Context(), folder, path); err != nil {
		t.Error(err)
	}
	if n, err := jsonfile.Read[int](path); err != nil || n != 2 {
		t.Errorf("Read = %d, %v; want 2", n, err)
	}
}

func TestBroken(t *testing.T) {
	for _, content := range []string{"", "1 2", `"one"`, "{"} {
		_, path := newFile(t, content)
		if n, err := jsonfile.Read[int](path); !errors.Is(err, jsonfile.ErrBroken) {
			t.Errorf("Read of %q = %d, %v; want %v", content, n, err, jsonfile.ErrBroken)
		}
	}
}

func TestMissing(t *testing.T) {
	folder, path := newFile(t, "1")
	if n, err := jsonfile.Read[int](path + ".missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read = %d, %v; want %v", n, err, fs.ErrNotExist)
	}
	if _, err := jsonfile.Lock(t.Context(), folder+"/missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lock: %v, want %v", err, fs.ErrNotExist)
	}
}

// Whoever waits for the lock waits no longer than its context.
func TestLockHeld(t *testing.T) {
	folder, path := newFile(t, "1")
	held, err := jsonfile.Lock(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := increment(ctx, folder, path); err != context.DeadlineExceeded {
			t.Errorf("increment: %v, want %v", err, context.DeadlineExceeded)
		}
	})
	if err := held.Close(); err != nil {
		t.Error(err)
	}
	if err := increment(t.Context(), folder, path); err != nil {
		t.Errorf("increment after the lock is gone: %v", err)
	}
}
