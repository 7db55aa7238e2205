package dynamostore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// step is one write of a transaction, and the key that it takes, if any.
type step struct {
	write types.TransactWriteItem
	guard store.Key
}

// transact makes the writes, all or none.
//
// The ClientRequestToken is new for each call and the same for the SDK's own
// repetitions of it. One that is derived from the WriteID would be worse than
// none: an attempt after a changed flag has another content, which DynamoDB
// refuses under a known token (IdempotentParameterMismatchException). Beyond
// the call it is the WriteID that tells whether a lost write was made.
func (s *Store) transact(ctx context.Context, steps []step) error {
	in := &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(rand.Text())}
	for _, st := range steps {
		in.TransactItems = append(in.TransactItems, st.write)
	}
	_, err := s.client.TransactWriteItems(ctx, in)
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) && ctx.Err() == nil {
		return s.cancelled(ctx, steps, cancelled)
	}
	return wrap(ctx, "TransactWriteItems", err)
}

// conditionFailed is the reason of a write whose condition did not hold.
const conditionFailed = "ConditionalCheckFailed"

// cancelled says what follows from the reasons of a cancelled transaction,
// which are in the order of its writes. The SDK does not retry those that
// could go, so they come out as again.
func (s *Store) cancelled(ctx context.Context, steps []step, err *types.TransactionCanceledException) error {
	var taken store.Key
	retryable := fmt.Errorf("TransactWriteItems: %w", err)
	for n, reason := range err.CancellationReasons {
		code := aws.ToString(reason.Code)
		switch sentinel := sentinelOf(code); {
		case errors.Is(sentinel, store.ErrThrottled):
			retryable = fmt.Errorf("%w: TransactWriteItems: %w", sentinel, err)
		case sentinel != nil:
			return fmt.Errorf("%w: TransactWriteItems: %w", sentinel, err)
		case code == conditionFailed && n == 0:
			// The address's item has moved: that decides, and only reading tells how.
			return &again{retryable}
		case code == conditionFailed && taken == store.Key{} && n < len(steps):
			taken = steps[n].guard
		}
	}
	if taken != (store.Key{}) {
		return s.taken(ctx, taken)
	}
	return &again{retryable}
}

// taken returns the conflict about a key that another record holds.
func (s *Store) taken(ctx context.Context, key store.Key) error {
	holders, err := s.Get(ctx, key)
	if err != nil {
		return err
	}
	if len(holders) == 0 { // freed since, or a guard without record
		return &again{&store.ConflictError{Key: key}}
	}
	return &store.ConflictError{Key: key, Holder: &holders[0]}
}
