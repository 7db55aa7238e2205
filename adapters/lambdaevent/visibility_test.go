package lambdaevent_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

// visibility remembers when messages are to come back, by receipt handle.
type visibility struct {
	err error

	mu  sync.Mutex
	set map[string]time.Duration
}

func (v *visibility) ChangeVisibility(ctx context.Context, receiptHandle string, after time.Duration) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.set == nil {
		v.set = map[string]time.Duration{}
	}
	v.set[receiptHandle] = after
	return errors.Join(v.err, ctx.Err())
}

// crowdedQueue takes a second for each call, and counts those at once.
type crowdedQueue struct {
	mu              sync.Mutex
	calls, now, max int
}

func (q *crowdedQueue) ChangeVisibility(context.Context, string, time.Duration) error {
	q.count(1)
	defer q.count(-1)
	time.Sleep(time.Second)
	return nil
}

func (q *crowdedQueue) count(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls += max(n, 0)
	q.now += n
	q.max = max(q.max, q.now)
}

// TestQueueIsNotCrowded: the calls for one batch are made some at a time.
func TestQueueIsNotCrowded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var messages []sent
		for n := range 100 {
			messages = append(messages, sent{body: about(number(n), "running")})
		}
		var queue crowdedQueue
		handler := lambdaevent.New(&stub{outcome: binder.Outcome{Status: binder.Busy}}, func(o *lambdaevent.Options) { o.Visibility = &queue })
		if back := failures(t, handler, t.Context(), batchOf(t, messages...)); len(back) != 100 || queue.calls != 100 || queue.max != 16 {
			t.Errorf("%d come back, after %d calls, %d at once; want 16", len(back), queue.calls, queue.max)
		}
	})
}

// slowQueue answers when its context ends.
type slowQueue struct{ called int }

func (q *slowQueue) ChangeVisibility(ctx context.Context, _ string, _ time.Duration) error {
	q.called++
	<-ctx.Done()
	return ctx.Err()
}

// TestSlowQueue: the answer does not wait for a queue that hangs.
func TestSlowQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		var queue slowQueue
		handler := lambdaevent.New(&stub{outcome: binder.Outcome{Status: binder.Busy}}, func(o *lambdaevent.Options) { o.Visibility = &queue })
		back := failures(t, handler, ctx, batchOf(t, sent{body: about(worker, "running")}))
		if took := time.Since(began); len(back) != 1 || queue.called != 1 || took != time.Minute-500*time.Millisecond {
			t.Errorf("%q come back, after %s and %d calls", back, took, queue.called)
		}
	})
}

// TestQueueRefuses: the message comes back all the same.
func TestQueueRefuses(t *testing.T) {
	var log bytes.Buffer
	handler := lambdaevent.New(&stub{outcome: binder.Outcome{Status: binder.Busy}}, func(o *lambdaevent.Options) {
		o.Visibility, o.Logger = &visibility{err: errors.New("not in flight")}, slog.New(slog.NewTextHandler(&log, nil))
	})
	back := failures(t, handler, t.Context(), batchOf(t, sent{body: about(worker, "running")}))
	if len(back) != 1 || !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "not in flight") {
		t.Errorf("%q come back, log %s", back, log.String())
	}
}
