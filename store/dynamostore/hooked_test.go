package dynamostore_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// hooked is a DynamoDB on which something happens right before the next
// transaction, or right after the next batch read.
type hooked struct {
	dynamostore.Client
	before, afterRead func()
}

func (c *hooked) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, optFns ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if act := c.before; act != nil {
		c.before = nil
		act()
	}
	return c.Client.TransactWriteItems(ctx, in, optFns...)
}

func (c *hooked) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, optFns ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out, err := c.Client.BatchGetItem(ctx, in, optFns...)
	if act := c.afterRead; act != nil {
		c.afterRead = nil
		act()
	}
	return out, err
}

// scanHooked is a DynamoDB on which something happens right after a Scan.
type scanHooked struct {
	dynamostore.Client
	after func()
}

func (c *scanHooked) Scan(ctx context.Context, in *dynamodb.ScanInput, optFns ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out, err := c.Client.Scan(ctx, in, optFns...)
	c.after()
	return out, err
}

// smallPages is a DynamoDB whose Scans have three items a page.
type smallPages struct{ dynamostore.Client }

func (c smallPages) Scan(ctx context.Context, in *dynamodb.ScanInput, optFns ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	paged := *in
	paged.Limit = aws.Int32(3)
	return c.Client.Scan(ctx, &paged, optFns...)
}
