package suite

import (
	"context"
	"iter"
	"sync"
)

// Hook stands between a caller and a backend; the suites say what it may do.
type Hook = func(ctx context.Context, call string, do func() error) error

// Ask makes a call that has an answer or an error.
func Ask[A any](ctx context.Context, hook Hook, call string, do func(context.Context) (A, error)) (A, error) {
	answer, err := send(ctx, hook, call, do)
	if err != nil {
		var none A
		return none, err
	}
	return answer, nil
}

// Tell makes a call that has no answer but its error.
func Tell(ctx context.Context, hook Hook, call string, do func(context.Context) error) error {
	_, err := send(ctx, hook, call, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

// Seq makes a call each time that its sequence is used, which reads all of
// list. If the hook then returns an error, the sequence is what one is that
// fails on its way: all but the last, then the error.
func Seq[A any](ctx context.Context, hook Hook, call string, list func(context.Context) iter.Seq2[A, error]) iter.Seq2[A, error] {
	return func(yield func(A, error) bool) {
		all, err := send(ctx, hook, call, func(ctx context.Context) ([]A, error) { return collect(list(ctx)) })
		if err != nil {
			all = all[:max(len(all)-1, 0)]
		}
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
		if err != nil {
			var none A
			yield(none, err)
		}
	}
}

// send makes a call and returns what do has answered, even with an error. The
// answer of a do that comes late is nobody's any more, but may come while the
// caller gets the error: hence the lock.
func send[A any](ctx context.Context, hook Hook, call string, do func(context.Context) (A, error)) (answer A, err error) {
	if err := ctx.Err(); err != nil {
		return answer, err
	}
	var mu sync.Mutex
	var latest A
	err = hook(ctx, call, func() error {
		got, err := do(context.WithoutCancel(ctx))
		mu.Lock()
		defer mu.Unlock()
		latest = got
		return err
	})
	mu.Lock()
	defer mu.Unlock()
	return latest, err
}

func collect[A any](list iter.Seq2[A, error]) ([]A, error) {
	var all []A
	for one, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}
