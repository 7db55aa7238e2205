package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/examples/internal/queue"
)

const queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/eipbinder"

// client is a queue in memory, which takes a request a second.
type client struct {
	err error

	mu       sync.Mutex
	requests int
	set      map[string]int32 // by receipt handle
	sent     []*sqs.SendMessageInput
}

func (c *client) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if c.err != nil {
		return nil, c.err
	}
	ids := map[string]bool{}
	var out sqs.ChangeMessageVisibilityBatchOutput
	for _, e := range in.Entries {
		ids[aws.ToString(e.Id)] = true
		if handle := aws.ToString(e.ReceiptHandle); strings.HasPrefix(handle, "gone") {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("MessageNotInflight"), Message: aws.String("it is not")})
		} else {
			c.set[handle] = e.VisibilityTimeout
		}
	}
	if len(ids) != len(in.Entries) || len(ids) == 0 || len(ids) > 10 || aws.ToString(in.QueueUrl) != queueURL {
		return nil, fmt.Errorf("%d entries with %d IDs for %q", len(in.Entries), len(ids), aws.ToString(in.QueueUrl))
	}
	return &out, nil
}

func (c *client) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	c.sent = append(c.sent, in)
	return &sqs.SendMessageOutput{}, c.err
}

func newQueue(t *testing.T) (*queue.Queue, *client) {
	t.Helper()
	c := &client{set: map[string]int32{}}
	q, err := queue.New(c, queueURL)
	if err != nil {
		t.Fatal(err)
	}
	return q, c
}

// TestCallsShareRequests: 25 changes at once are three requests at once.
func TestCallsShareRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(t)
		began := time.Now()
		var group sync.WaitGroup
		for n := range 25 {
			group.Go(func() {
				if err := q.ChangeVisibility(t.Context(), fmt.Sprintf("r%d", n), time.Duration(n)*time.Second); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if took := time.Since(began); c.requests != 3 || took > 1100*time.Millisecond {
			t.Errorf("%d requests, in %s", c.requests, took)
		}
		want := map[string]int32{}
		for n := range 25 {
			want[fmt.Sprintf("r%d", n)] = int32(n)
		}
		if diff := cmp.Diff(want, c.set); diff != "" {
			t.Errorf("visibility (-want +got):\n%s", diff)
		}
		if err := q.ChangeVisibility(t.Context(), "later", time.Second); err != nil || c.requests != 4 {
			t.Errorf("another one: %v, %d requests", err, c.requests)
		}
	})
}

func TestSeconds(t *testing.T) {
	for after, want := range map[time.Duration]int32{
		-time.Second: 0, 0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, 190 * time.Second: 190,
		12 * time.Hour: 43200, 13 * time.Hour: 43200, 1<<63 - 1: 43200,
	} {
		synctest.Test(t, func(t *testing.T) {
			q, c := newQueue(t)
			if err := q.ChangeVisibility(t.Context(), "r", after); err != nil || c.set["r"] != want {
				t.Errorf("%s: %d s, %v, want %d s", after, c.set["r"], err, want)
			}
		})
	}
}

// TestFailedEntry: what fails for one message fails for no other.
func TestFailedEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(t)
		var group sync.WaitGroup
		for _, handle := range []string{"r1", "gone", "r2"} {
			group.Go(func() {
				err := q.ChangeVisibility(t.Context(), handle, time.Second)
				if failed := handle == "gone"; failed != (err != nil) || failed && !strings.Contains(err.Error(), "MessageNotInflight") {
					t.Errorf("%s: %v", handle, err)
				}
			})
		}
		group.Wait()
		if c.requests != 1 || len(c.set) != 2 {
			t.Errorf("%d requests, %v", c.requests, c.set)
		}
	})
}

// TestEndedContext: every caller has its answer, also the one that waits for
// another's request.
func TestEndedContext(t *testing.T) {
	for _, timeout := range []time.Duration{time.Millisecond, 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			q, _ := newQueue(t)
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			var group sync.WaitGroup
			for n := range 3 {
				group.Go(func() {
					if err := q.ChangeVisibility(ctx, fmt.Sprintf("r%d", n), 0); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("r%d: %v", n, err)
					}
				})
			}
			group.Wait()
			if err := q.ChangeVisibility(t.Context(), "later", 0); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, c := newQueue(t)
		c.err = &types.RequestThrottled{}
		var throttled *types.RequestThrottled
		if err := q.ChangeVisibility(t.Context(), "r", 0); !errors.As(err, &throttled) {
			t.Errorf("ChangeVisibility: %v", err)
		}
		if err := q.Enqueue(t.Context(), "i-0123456789abcdef0"); !errors.As(err, &throttled) {
			t.Errorf("Enqueue: %v", err)
		}
	})
}

// TestEnqueue sends what the function takes, later than the answer.
func TestEnqueue(t *testing.T) {
	q, c := newQueue(t)
	if err := q.Enqueue(t.Context(), "i-0123456789abcdef0"); err != nil {
		t.Fatal(err)
	}
	if len(c.sent) != 1 {
		t.Fatalf("%d messages", len(c.sent))
	}
	in := c.sent[0]
	if aws.ToString(in.QueueUrl) != queueURL || aws.ToString(in.MessageBody) != `{"bind":["i-0123456789abcdef0"]}` || in.DelaySeconds != 2 {
		t.Errorf("sent %s to %s after %d s", aws.ToString(in.MessageBody), aws.ToString(in.QueueUrl), in.DelaySeconds)
	}
}

func TestWrongQueue(t *testing.T) {
	for _, url := range []string{"", "eipbinder", "arn:aws:sqs:eu-central-1:123456789012:eipbinder", "ftp://sqs/x", "https:///x"} {
		if _, err := queue.New(&client{}, url); err == nil || !strings.Contains(err.Error(), "is not a queue's URL") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := queue.New(nil, queueURL); err == nil {
		t.Error("no client is taken")
	}
}

func ExampleNew() {
	q, err := queue.New(sqs.New(sqs.Options{Region: "eu-central-1"}), queueURL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%T\n", q) // Options.Visibility of a lambdaevent.Handler, and Queue of httpapi's backends
	// Output: *queue.Queue
}
