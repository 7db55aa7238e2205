package eippool_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
)

func TestLateError(t *testing.T) {
	for _, cause := range []error{nil, io.EOF} {
		var err error = &eippool.LateError{RetryAfter: 90 * time.Second, Err: cause}
		if !errors.Is(err, eippool.ErrThrottled) || cause != nil && !errors.Is(err, cause) {
			t.Errorf("%v wraps not both ErrThrottled and %v", err, cause)
		}
		if !strings.Contains(err.Error(), "1m30s") {
			t.Errorf("%q does not say how long", err)
		}
	}
}
