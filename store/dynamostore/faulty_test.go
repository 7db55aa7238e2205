package dynamostore_test

import (
	"context"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// faulty is a DynamoDB on which every second write meets another one or is
// throttled, and every second batch read is cut short.
type faulty struct {
	dynamostore.Client
	reads, writes atomic.Int64
}

func (c *faulty) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, optFns ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	call := func() (*dynamodb.BatchGetItemOutput, error) { return c.Client.BatchGetItem(ctx, in, optFns...) }
	if c.reads.Add(1)%2 == 0 {
		return call()
	}
	return halfRead(in, 1, call)
}

func (c *faulty) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, optFns ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	switch c.writes.Add(1) % 4 {
	case 1:
		return nil, cancelled("TransactionConflict")
	case 3:
		return nil, cancelled("ThrottlingError")
	}
	return c.Client.TransactWriteItems(ctx, in, optFns...)
}

// repeating is a DynamoDB that loses the reply of every first write, and a
// client that repeats it once the token is forgotten.
type repeating struct{ dynamostore.Client }

func (c repeating) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, optFns ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	forgotten := *in
	forgotten.ClientRequestToken = aws.String(*in.ClientRequestToken + "-2")
	if out, err := c.Client.TransactWriteItems(ctx, in, optFns...); err != nil {
		return out, err
	}
	return c.Client.TransactWriteItems(ctx, &forgotten, optFns...)
}
