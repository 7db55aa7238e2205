package suite

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// numbers returns a list of n, and then the error.
func numbers(n int, err error) func(context.Context) iter.Seq2[int, error] {
	return func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			if err != nil {
				yield(0, err)
			}
		}
	}
}

func TestLostReply(t *testing.T) {
	lost := errors.New("lost")
	hook := func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), lost) }
	made := 0
	answer, err := Ask(t.Context(), hook, "Ask", func(context.Context) (int, error) {
		made++
		return made, nil
	})
	if !errors.Is(err, lost) || answer != 0 || made != 1 {
		t.Errorf("Ask = %d, %v after %d calls, want the error alone after one", answer, err, made)
	}
}

// A message that is delivered twice takes effect twice; the last answer counts.
func TestRepeatedCall(t *testing.T) {
	hook := func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), do()) }
	made := 0
	answer, err := Ask(t.Context(), hook, "Ask", func(context.Context) (int, error) {
		made++
		return made, nil
	})
	if err != nil || answer != 2 || made != 2 {
		t.Errorf("Ask = %d, %v after %d calls, want 2 after two", answer, err, made)
	}
}

func TestLateEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := func(ctx context.Context, _ string, do func() error) error {
			time.AfterFunc(time.Minute, func() { _ = do() })
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var made atomic.Bool
		err := Tell(ctx, hook, "Tell", func(ctx context.Context) error {
			made.Store(true)
			return ctx.Err()
		})
		if err != context.DeadlineExceeded || made.Load() {
			t.Errorf("Tell = %v, took effect: %t; want the context's error, and no effect yet", err, made.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !made.Load() {
			t.Error("the call took no effect")
		}
	})
}

// The race detector looks on.
func TestLateEffectWhileTheCallerReturns(t *testing.T) {
	done := make(chan error)
	hook := func(_ context.Context, _ string, do func() error) error {
		go func() { done <- do() }()
		return context.DeadlineExceeded
	}
	for i := range 20 {
		answer, err := Ask(t.Context(), hook, "Ask", func(context.Context) (int, error) { return i + 1, nil })
		if err != context.DeadlineExceeded || answer != 0 {
			t.Errorf("Ask = %d, %v, want the hook's error alone", answer, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestSeq(t *testing.T) {
	broke := errors.New("the second page failed")
	pass := func(_ context.Context, _ string, do func() error) error { return do() }
	after := func(_ context.Context, _ string, do func() error) error { return errors.Join(do(), broke) }
	for what, test := range map[string]struct {
		list func(context.Context) iter.Seq2[int, error]
		hook Hook
		want []int
		err  error
	}{
		"whole":                {numbers(3, nil), pass, []int{0, 1, 2}, nil},
		"failed after":         {numbers(3, nil), after, []int{0, 1}, broke},
		"failed after, empty":  {numbers(0, nil), after, nil, broke},
		"failed before":        {numbers(3, nil), func(context.Context, string, func() error) error { return broke }, nil, broke},
		"failed in the middle": {numbers(3, broke), pass, []int{0, 1}, broke},
	} {
		var got []int
		var last error
		for n, err := range Seq(t.Context(), test.hook, "List", test.list) {
			if last = err; err == nil {
				got = append(got, n)
			}
		}
		if !slices.Equal(got, test.want) || !errors.Is(last, test.err) {
			t.Errorf("%s: %v, then %v; want %v, then %v", what, got, last, test.want, test.err)
		}
	}
	for range Seq(t.Context(), pass, "List", numbers(3, nil)) {
		break
	}
}
