// Package queue is the SQS queue between EventBridge and the Lambda function: it says
// when messages come back that are not done, and takes instances that ask to be
// bound:
//
//	q, err := queue.New(sqs.NewFromConfig(aws), "https://sqs.eu-central-1.amazonaws.com/123456789012/eipbinder")
//	if err != nil {
//		return err
//	}
//	handler := lambdaevent.New(b, func(o *lambdaevent.Options) { o.Visibility = q })
//
// A Queue is safe for concurrent use. It has no goroutines of its own: those of a
// call end before the call returns.
package queue

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// linger is how long a change waits for others to share its request.
	linger = 5 * time.Millisecond
	// maxEntries is how many changes one request may have (API page of
	// ChangeMessageVisibilityBatch).
	maxEntries = 10
	// maxVisibility is SQS's limit (API page of ChangeMessageVisibility).
	maxVisibility = 12 * time.Hour
	// answerTime is how long a message is held back, so that the instance that sent
	// it has its answer: the association ends the connection.
	answerTime = 2 * time.Second
)

// Client is what a Queue calls; *sqs.Client has it.
type Client interface {
	ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, optFns ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	SendMessage(ctx context.Context, in *sqs.SendMessageInput, optFns ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

var _ Client = (*sqs.Client)(nil)

// Queue is one SQS queue. Make one with New.
type Queue struct {
	client Client
	url    string

	mu      sync.Mutex
	waiting []change // for the first of them to take them along
}

// change is a change of one message's visibility.
type change struct {
	receiptHandle string
	seconds       int32
	done          chan<- error
}

// New returns the queue of this URL. It does no I/O.
func New(client Client, queueURL string) (*Queue, error) {
	if client == nil {
		return nil, errors.New("queue: the client is nil")
	}
	if u, err := url.Parse(queueURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("queue: %q is not a queue's URL", queueURL)
	}
	return &Queue{client: client, url: queueURL}, nil
}

// ChangeVisibility makes the message visible to receivers again after that time,
// rounded up to whole seconds; SQS allows 12 hours, and what is more becomes that.
// Calls at the same time share requests, and the context of the first. A message that is not in flight any more
// is an error, of its own call only.
func (q *Queue) ChangeVisibility(ctx context.Context, receiptHandle string, after time.Duration) error {
	after = min(max(after, 0), maxVisibility)
	done := make(chan error, 1)
	if q.join(change{receiptHandle, int32((after + time.Second - 1) / time.Second), done}) {
		q.sendAll(ctx)
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join adds a change, and reports whether it is the first, which is to send.
func (q *Queue) join(c change) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, c)
	return len(q.waiting) == 1
}

// sendAll sends all changes that have joined when the linger is over.
func (q *Queue) sendAll(ctx context.Context) {
	select {
	case <-time.After(linger):
	case <-ctx.Done(): // which the client tells all that have joined
	}
	q.mu.Lock()
	all := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	var group sync.WaitGroup
	for len(all) > 0 {
		n := min(len(all), maxEntries)
		some := all[:n]
		group.Go(func() { q.send(ctx, some) })
		all = all[n:]
	}
	group.Wait()
}

// send sends up to ten changes, and tells each what became of it.
func (q *Queue) send(ctx context.Context, changes []change) {
	in := sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url}
	for i, c := range changes {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(c.receiptHandle), VisibilityTimeout: c.seconds,
		})
	}
	out, err := q.client.ChangeMessageVisibilityBatch(ctx, &in)
	results := make([]error, len(changes))
	switch {
	case err != nil:
		for i := range results {
			results[i] = fmt.Errorf("change the visibility: %w", err)
		}
	default: // the request may succeed and entries fail
		for _, f := range out.Failed {
			if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i >= 0 && i < len(results) {
				results[i] = fmt.Errorf("change the visibility: %s: %s", aws.ToString(f.Code), aws.ToString(f.Message))
			}
		}
	}
	for i, c := range changes {
		c.done <- results[i]
	}
}
