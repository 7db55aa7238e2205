package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
)

// reconciler answers as it is told, and remembers when it was asked for what.
type reconciler struct {
	mu      sync.Mutex
	start   time.Time
	calls   []string
	outcome func(id string, try int) binder.Outcome
	takes   time.Duration
	tries   map[string]int
	now, at int // calls at once, and the most of them
}

func newReconciler(outcome func(id string, try int) binder.Outcome) *reconciler {
	return &reconciler{start: time.Now(), outcome: outcome, tries: map[string]int{}}
}

func (r *reconciler) Reconcile(ctx context.Context, ids ...string) ([]binder.Outcome, error) {
	r.mu.Lock()
	r.calls = append(r.calls, fmt.Sprintf("%s %s", time.Since(r.start), strings.Join(ids, ",")))
	r.now++
	r.at = max(r.at, r.now)
	r.mu.Unlock()
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now--
	var list []binder.Outcome
	for _, id := range ids {
		r.tries[id]++
		o := r.outcome(id, r.tries[id])
		o.InstanceID = id
		if ctx.Err() != nil {
			o.Status, o.Err = binder.Failed, ctx.Err()
		}
		if o.Status != "" {
			list = append(list, o)
		}
	}
	return list, nil
}

func always(s binder.Status) func(string, int) binder.Outcome {
	return func(string, int) binder.Outcome { return binder.Outcome{Status: s} }
}

// running starts a queue in a bubble, and returns what ends it and waits.
func running(t *testing.T, r *reconciler, optFns ...func(*httpapi.LocalQueueOptions)) (*httpapi.LocalQueue, func() error) {
	t.Helper()
	q, err := httpapi.NewLocalQueue(r, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	return q, func() error { cancel(); return <-ended }
}

func enqueue(t *testing.T, q *httpapi.LocalQueue, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := q.Enqueue(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *reconciler) expect(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.calls, want) {
		t.Errorf("calls:\n%s\nwant:\n%s", strings.Join(r.calls, "\n"), strings.Join(want, "\n"))
	}
}

func TestQueueGathersAndDropsDuplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(always(binder.Bound))
		q, end := running(t, r)
		enqueue(t, q, "i-b", "i-a", "i-b")
		time.Sleep(200 * time.Millisecond)
		r.expect(t) // the answer is on its way
		enqueue(t, q, "i-a", "i-c")
		time.Sleep(time.Hour)
		r.expect(t, "500ms i-a,i-b", "700ms i-c")
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

func TestQueueComesBackAfterRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(func(id string, try int) binder.Outcome {
			if try <= 2 {
				return binder.Outcome{Status: binder.Exhausted, RetryAfter: 30 * time.Second}
			}
			return binder.Outcome{Status: binder.Bound}
		})
		q, end := running(t, r)
		enqueue(t, q, "i-a")
		time.Sleep(10 * time.Second)
		enqueue(t, q, "i-a") // who asks again is not served sooner
		time.Sleep(time.Hour)
		r.expect(t, "500ms i-a", "30.5s i-a", "1m0.5s i-a")
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

func TestQueueTriesFailuresAgainAndTerminalOnesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		r := newReconciler(func(id string, try int) binder.Outcome {
			switch {
			case id == "i-terminal":
				return binder.Outcome{Status: binder.Failed, Err: terminal}
			case id == "i-gone":
				return binder.Outcome{Status: binder.Gone}
			case id == "i-lost":
				if try == 1 {
					return binder.Outcome{} // none at all
				}
			case try <= 3:
				return binder.Outcome{Status: binder.Failed, Err: retryable}
			}
			return binder.Outcome{Status: binder.Bound}
		})
		q, end := running(t, r, func(o *httpapi.LocalQueueOptions) { o.Logger = slog.New(slog.NewJSONHandler(&logs, nil)) })
		enqueue(t, q, "i-flaky", "i-gone", "i-lost", "i-terminal")
		time.Sleep(time.Hour)
		if err := end(); err != nil {
			t.Error(err)
		}
		r.expect(t, "500ms i-flaky,i-gone,i-lost,i-terminal", "1.5s i-flaky,i-gone,i-lost", "3.5s i-flaky,i-gone", "7.5s i-flaky")
		if strings.Count(logs.String(), "given up") != 1 || !strings.Contains(logs.String(), "i-terminal") {
			t.Errorf("log: %s", &logs)
		}
	})
}

func TestQueueReconcilesAgainWhatAsksMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(always(binder.Bound))
		r.takes = time.Minute
		q, end := running(t, r)
		enqueue(t, q, "i-a")
		time.Sleep(10 * time.Second)
		enqueue(t, q, "i-a", "i-a")
		time.Sleep(time.Hour)
		r.expect(t, "500ms i-a", "1m0.5s i-a")
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(always(binder.Bound))
		r.takes = time.Minute
		q, end := running(t, r, func(o *httpapi.LocalQueueOptions) { o.Capacity, o.Batch, o.Parallel, o.DrainTime = 10, 2, 3, time.Hour })
		for i := range 10 {
			enqueue(t, q, fmt.Sprintf("i-%d", i))
		}
		if err := q.Enqueue(t.Context(), "i-10"); !errors.Is(err, httpapi.ErrQueueFull) {
			t.Errorf("the eleventh: %v", err)
		}
		enqueue(t, q, "i-3") // is in already
		time.Sleep(time.Hour)
		r.mu.Lock()
		if r.at != 3 || len(r.calls) != 5 {
			t.Errorf("%d at once: %v", r.at, r.calls)
		}
		r.mu.Unlock()
		enqueue(t, q, "i-10") // there is room again
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

func TestQueueGivesUpAfterMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(func(string, int) binder.Outcome {
			return binder.Outcome{Status: binder.Busy, RetryAfter: 4 * time.Minute}
		})
		q, end := running(t, r, func(o *httpapi.LocalQueueOptions) { o.MaxAge = 10 * time.Minute })
		enqueue(t, q, "i-a")
		time.Sleep(time.Hour)
		r.expect(t, "500ms i-a", "4m0.5s i-a", "8m0.5s i-a")
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

func TestQueueDrainsAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(func(id string, _ int) binder.Outcome {
			if id == "i-waits" {
				return binder.Outcome{Status: binder.NotReady, RetryAfter: time.Minute}
			}
			return binder.Outcome{Status: binder.Bound}
		})
		r.takes = 5 * time.Second
		q, end := running(t, r, func(o *httpapi.LocalQueueOptions) { o.Batch, o.Parallel = 2, 1 })
		enqueue(t, q, "i-waits")
		time.Sleep(10 * time.Second)
		enqueue(t, q, "i-a", "i-b", "i-c") // not due yet
		if err := end(); !errors.Is(err, httpapi.ErrQueueLeft) || !strings.HasSuffix(err.Error(), ": 1") {
			t.Errorf("Run: %v", err)
		}
		r.expect(t, "500ms i-waits", "10s i-a,i-b", "15s i-c")
		if err := q.Enqueue(t.Context(), "i-d"); !errors.Is(err, httpapi.ErrQueueClosed) {
			t.Errorf("Enqueue: %v", err)
		}
	})
}

func TestQueueDrainsNoLongerThanDrainTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReconciler(always(binder.Bound))
		r.takes = time.Hour
		q, end := running(t, r, func(o *httpapi.LocalQueueOptions) { o.Batch, o.Parallel, o.DrainTime = 1, 1, 3*time.Second })
		enqueue(t, q, "i-a", "i-b", "i-c")
		time.Sleep(time.Second)
		start := time.Now()
		if err := end(); !errors.Is(err, httpapi.ErrQueueLeft) {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestQueueChecks(t *testing.T) {
	if _, err := httpapi.NewLocalQueue(nil); !errors.Is(err, binder.ErrConfig) {
		t.Errorf("no Reconciler: %v", err)
	}
	r := newReconciler(always(binder.Bound))
	if _, err := httpapi.NewLocalQueue(r, func(o *httpapi.LocalQueueOptions) { o.Batch = -1 }); !errors.Is(err, binder.ErrConfig) {
		t.Errorf("negative: %v", err)
	}
	q, err := httpapi.NewLocalQueue(r)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Enqueue(ended, "i-a"); err != context.Canceled {
		t.Errorf("ended context: %v", err)
	}
	if err := q.Run(ended); err != nil {
		t.Error(err)
	}
	if err := q.Run(ended); err == nil {
		t.Error("it runs twice")
	}
}
