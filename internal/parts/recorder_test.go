package parts_test

import (
	"fmt"
	"runtime"
	"testing"
)

// recorder stands in for a test that is expected to fail or to be skipped.
type recorder struct {
	testing.TB
	fatal, skipped bool
	said           string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(args ...any) {
	r.fatal, r.said = true, fmt.Sprint(args...)
	runtime.Goexit()
}

func (r *recorder) Skip(args ...any) {
	r.skipped, r.said = true, fmt.Sprint(args...)
	runtime.Goexit()
}
