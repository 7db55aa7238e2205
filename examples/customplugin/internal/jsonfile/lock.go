package jsonfile

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// retry is how soon a lock that somebody has is tried again. A change takes a
// few milliseconds.
const retry = time.Millisecond

// Lock locks the folder, or waits for it until the context ends; the context's
// error is then returned as it is. Closing lets the lock go, and so does the
// end of the process (flock(2)). A missing folder is fs.ErrNotExist.
func Lock(ctx context.Context, folder string) (io.Closer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := flock(ctx, file); err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return file, nil
}

func flock(ctx context.Context, file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return &os.PathError{Op: "flock", Path: file.Name(), Err: err}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retry):
		}
	}
}
