package suite

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// ProveCalls is the test of an interceptor: its hook gets each call of every
// and can fail it, and none whose context has ended. every makes each call once,
// on a backend of its own behind the hook, and returns their errors by name.
func ProveCalls(t *testing.T, every func(ctx context.Context, hook Hook) map[string]error) {
	t.Helper()
	down := errors.New("down")
	for what, test := range map[string]struct {
		ended bool  // the caller's context
		fail  error // what the hook returns without making the call; nil: it makes it
		want  error
	}{
		"passed on":                  {want: nil},
		"failed":                     {fail: down, want: down},
		"under a context at its end": {ended: true, want: context.Canceled},
	} {
		var got []string
		var errs map[string]error
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.ended {
				cancel()
			}
			errs = every(ctx, func(_ context.Context, call string, do func() error) error {
				if got = append(got, call); test.fail != nil {
					return test.fail
				}
				return do()
			})
		})
		for call, err := range errs {
			if !errors.Is(err, test.want) || errors.Unwrap(err) != nil {
				t.Errorf("%s, %s: %v, want %v as it is", call, what, err, test.want)
			}
			if gets := slices.Contains(got, call); gets == test.ended {
				t.Errorf("%s, %s: the hook gets it: %t, want %t", call, what, gets, !test.ended)
			}
		}
		if want := len(errs); !test.ended && len(got) != want || want == 0 {
			t.Errorf("%s: the hook gets %v, want %d calls", what, got, want)
		}
	}
}
