package httpapi

import (
	"context"
	"errors"
)

// Queue takes the instances that ask to be bound. LocalQueue is one in the process;
// on Lambda, whose processes stand still between invocations, a Queue sends a message
// to SQS, and the function that gets it reconciles.
type Queue interface {
	// Enqueue takes the instance, so that it is reconciled soon and not before the
	// caller has its answer. One that waits already is success, and may be
	// taken again, which does no harm. ErrQueueFull and ErrQueueClosed mean that it was not taken; after another
	// error it may have been.
	Enqueue(ctx context.Context, instanceID string) error
}

// The kinds of errors of a Queue; compare with errors.Is.
var (
	// ErrQueueFull: as many wait as may.
	ErrQueueFull = errors.New("queue is full")
	// ErrQueueClosed: the queue is going down.
	ErrQueueClosed = errors.New("queue is closed")
	// ErrQueueLeft: the queue went down before all was done.
	ErrQueueLeft = errors.New("instances are left to the sweep")
)
