package dynamostore_test

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/internal/dynamosim"
)

type item = dynamosim.Item

// fake is a DynamoDB in memory that keeps the requests, for looking at them and
// for tests in virtual time. Its hook runs before a transaction and may answer
// in its place.
type fake struct {
	*dynamosim.DB
	mu         sync.Mutex
	onTransact func(n int, apply func()) error
	pageSize   int32 // of Scan; 0 for all in one page

	transactions []*dynamodb.TransactWriteItemsInput
	batchGets    []*dynamodb.BatchGetItemInput
	scans        []*dynamodb.ScanInput
}

func newFake() *fake {
	tables := map[string][]string{}
	for _, name := range []string{"record_table", "media_records", records} {
		tables[name] = []string{"EIP", "DNS_Record"}
	}
	for _, name := range []string{"binding_table", "media_bindings", bindings} {
		tables[name] = []string{"pk"}
	}
	return &fake{DB: dynamosim.New(tables)}
}

func value(v types.AttributeValue) string {
	if v, ok := v.(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func (f *fake) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batchGets = append(f.batchGets, in)
	return f.DB.BatchGetItem(ctx, in)
}

func (f *fake) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.transactions = append(f.transactions, in)
	if f.onTransact != nil {
		apply := func() { _, _ = f.DB.TransactWriteItems(ctx, in) }
		if err := f.onTransact(len(f.transactions), apply); err != nil {
			return nil, err
		}
	}
	return f.DB.TransactWriteItems(ctx, in)
}

func (f *fake) Scan(ctx context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	copied := *in
	f.scans = append(f.scans, &copied)
	paged := *in
	if f.pageSize > 0 {
		paged.Limit = &f.pageSize
	}
	return f.DB.Scan(ctx, &paged)
}

// cancelled is a transaction cancelled for these reasons.
func cancelled(codes ...string) error {
	err := &types.TransactionCanceledException{}
	for _, code := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return err
}
