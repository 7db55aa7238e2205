package sqlstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// again marks an error after which the same attempt, made anew, may succeed.
type again struct{ err error }

func (a *again) Error() string { return a.err.Error() }

func (a *again) Unwrap() error { return a.err }

// retry makes attempts until one does not ask for another, or until they are
// used up: then the error of the last one counts.
func (s *Store) retry(ctx context.Context, attempt func() error) error {
	for n := range s.opts.MaxAttempts {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := attempt()
		var a *again
		if !errors.As(err, &a) {
			return err
		}
		if n == s.opts.MaxAttempts-1 {
			return a.err
		}
		if err := s.wait(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// wait waits a random part of a bound that doubles with each attempt: writers
// that met once would meet again otherwise.
func (s *Store) wait(ctx context.Context, attempt int) error {
	bound := s.opts.RetryBase
	for range attempt {
		bound = min(2*bound, s.opts.RetryMax)
	}
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(bound) + 1)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
