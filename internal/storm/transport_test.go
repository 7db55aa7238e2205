package storm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// TestLambdaRetries: two more tries, after 1 and 2 minutes ("Retry behavior" in
// Lambda's developer guide).
func TestLambdaRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var tried []time.Duration
		f := &function{concurrency: 1, timeout: time.Minute, handle: func(context.Context, int, []byte) error {
			tried = append(tried, time.Since(start))
			return errors.New("broken")
		}}
		f.invokeAsync(t.Context(), nil)
		if want := []time.Duration{0, time.Minute, 3 * time.Minute}; !slices.Equal(tried, want) {
			t.Errorf("tried at %v, want %v", tried, want)
		}
	})
}

func TestLambdaConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most, cold := 0, 0, map[int]bool{}
		f := &function{concurrency: 2, timeout: time.Minute, coldStart: time.Second, handle: func(_ context.Context, environment int, _ []byte) error {
			mu.Lock()
			now++
			most, cold[environment] = max(most, now), true
			mu.Unlock()
			time.Sleep(10 * time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		}}
		start := time.Now()
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() { f.invokeAsync(t.Context(), nil) })
		}
		group.Wait()
		if most != 2 || len(cold) != 2 || time.Since(start) != 31*time.Second {
			t.Errorf("%d at once in %d environments for %s, want 2 in 2 for 31s", most, len(cold), time.Since(start))
		}
	})
}

func TestLambdaTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &function{concurrency: 1, timeout: time.Minute, handle: func(ctx context.Context, _ int, _ []byte) error {
			<-ctx.Done()
			return nil // whatever it says, it was killed
		}}
		if err := f.invoke(t.Context(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want a time-out", err)
		}
	})
}

// TestQueueSettles: what waits comes back in its time, what failed after the
// visibility time-out, and what is done never.
func TestQueueSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retryable, final := &binder.Error{}, &binder.Error{Terminal: true}
		for name, test := range map[string]struct {
			outcome binder.Outcome
			after   time.Duration // until it is delivered again; negative: never
		}{
			"bound":     {binder.Outcome{Status: binder.Bound}, -1},
			"gone":      {binder.Outcome{Status: binder.Gone}, -1},
			"waiting":   {binder.Outcome{Status: binder.NotReady, RetryAfter: 7 * time.Second}, 7 * time.Second},
			"exhausted": {binder.Outcome{Status: binder.Exhausted, RetryAfter: 30 * time.Second}, -1},
			"failed":    {binder.Outcome{Status: binder.Failed, Err: retryable}, visibility},
			"terminal":  {binder.Outcome{Status: binder.Failed, Err: final}, -1},
		} {
			q := &queue{}
			q.send("i-1")
			batch := q.receive()
			if len(batch) != 1 || q.visible() {
				t.Fatalf("%s: received %d, and the message is still visible", name, len(batch))
			}
			q.settle(batch[0], test.outcome)
			if left := len(q.messages) > 0; left != (test.after >= 0) {
				t.Errorf("%s: message left: %t", name, left)
			} else if left && !q.messages[0].visibleAt.Equal(time.Now().Add(test.after)) {
				t.Errorf("%s: visible in %s, want %s", name, time.Until(q.messages[0].visibleAt), test.after)
			}
		}
	})
}

func TestDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		q.send("i-1")
		received := 0
		for range 2 * maxReceives {
			received += len(q.receive())
			time.Sleep(visibility)
		}
		if received != maxReceives || len(q.messages) != 0 {
			t.Errorf("received %d times, want %d; %d left", received, maxReceives, len(q.messages))
		}
	})
}

// TestWorkQueue: what is under way is not given out again.
func TestWorkQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newWorkQueue()
		expect := func(what string, want ...string) {
			t.Helper()
			if got := q.take(time.Now()); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		q.add("i-2")
		q.add("i-1")
		expect("two events", "i-1", "i-2")
		q.add("i-1")
		expect("an event of what is under way")
		q.add("i-3")
		expect("a new one, at once")
		time.Sleep(pause)
		expect("a new one, a while later", "i-3")
		q.done([]binder.Outcome{{InstanceID: "i-1", Status: binder.Bound}, {InstanceID: "i-2", Status: binder.Busy, RetryAfter: time.Minute},
			{InstanceID: "i-3", Status: binder.Failed, Err: &binder.Error{}}})
		expect("another event meanwhile, at once")
		time.Sleep(pause)
		expect("another event meanwhile, and a failed one", "i-1", "i-3")
		q.done([]binder.Outcome{{InstanceID: "i-1", Status: binder.Bound}, {InstanceID: "i-3", Status: binder.Failed, Err: &binder.Error{Terminal: true}}})
		time.Sleep(58 * time.Second)
		expect("a waiting one", "i-2")
		q.done([]binder.Outcome{{InstanceID: "i-2", Status: binder.Bound}})
		if len(q.items) != 0 {
			t.Errorf("%d left", len(q.items))
		}
	})
}

// TestPauses: the more there is under way, the longer is the time to the next
// batch.
func TestPauses(t *testing.T) {
	for size, want := range map[int]time.Duration{
		1: pause, 20: 4 * time.Second, 40: 6 * time.Second, 100: 6 * time.Second,
		150:  10 * time.Second, // by then 100 have their turns before them, and 50 are through
		1000: 30 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			q := newWorkQueue()
			for n := range size {
				q.add(fmt.Sprint("i-", n))
			}
			if got := len(q.take(time.Now())); got != size {
				t.Fatalf("the first batch has %d of %d", got, size)
			}
			q.add("i-next")
			start := time.Now()
			for len(q.take(time.Now())) == 0 {
				time.Sleep(look)
			}
			if got := time.Since(start); got != want {
				t.Errorf("%s after a batch of %d, want %s", got, size, want)
			}
		})
	}
}
