package dynamostore_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item = map[string]types.AttributeValue

// fake is a DynamoDB in memory that makes every write, whatever its
// conditions say. It is for looking at requests, and for tests in virtual
// time; what conditions do is tested over a real one. Hooks run before a call
// and may answer in its place.
type fake struct {
	mu    sync.Mutex
	items map[string]item // by table and key

	onTransact func(n int, in *dynamodb.TransactWriteItemsInput, apply func()) error
	onBatchGet func(n int, in *dynamodb.BatchGetItemInput) error
	pageSize   int // of Scan; 0 for all in one page

	transactions []*dynamodb.TransactWriteItemsInput
	batchGets    []*dynamodb.BatchGetItemInput
	scans        []*dynamodb.ScanInput
}

func newFake() *fake { return &fake{items: map[string]item{}} }

func value(v types.AttributeValue) string {
	if v, ok := v.(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func address(table string, key item) string {
	return strings.Join([]string{table, value(key["pk"]), value(key["EIP"]), value(key["DNS_Record"])}, "|")
}

func (f *fake) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.batchGets = append(f.batchGets, in)
	if f.onBatchGet != nil {
		if err := f.onBatchGet(len(f.batchGets), in); err != nil {
			return nil, err
		}
	}
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]item{}}
	for table, wanted := range in.RequestItems {
		for _, key := range wanted.Keys {
			if found, ok := f.items[address(table, key)]; ok {
				out.Responses[table] = append(out.Responses[table], maps.Clone(found))
			}
		}
	}
	return out, nil
}

func (f *fake) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.transactions = append(f.transactions, in)
	if f.onTransact != nil {
		if err := f.onTransact(len(f.transactions), in, func() { f.apply(in) }); err != nil {
			return nil, err
		}
	}
	f.apply(in)
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

func (f *fake) apply(in *dynamodb.TransactWriteItemsInput) {
	for _, write := range in.TransactItems {
		switch {
		case write.Put != nil:
			f.items[address(*write.Put.TableName, write.Put.Item)] = write.Put.Item
		case write.Delete != nil:
			delete(f.items, address(*write.Delete.TableName, write.Delete.Key))
		case write.Update != nil:
			f.update(write.Update)
		}
	}
}

// update does what showRow's expression says: it sets all, but allocated only
// where there is none.
func (f *fake) update(in *types.Update) {
	at := address(*in.TableName, in.Key)
	changed := maps.Clone(in.Key)
	maps.Copy(changed, f.items[at])
	for placeholder, name := range in.ExpressionAttributeNames {
		if _, ok := changed[name]; name != "allocated" || !ok {
			changed[name] = in.ExpressionAttributeValues[":"+strings.TrimPrefix(placeholder, "#")]
		}
	}
	f.items[at] = changed
}

func (f *fake) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	copied := *in
	f.scans = append(f.scans, &copied)
	var found []string
	after := ""
	if in.ExclusiveStartKey != nil {
		after = address(*in.TableName, in.ExclusiveStartKey)
	}
	for at := range f.items {
		if strings.HasPrefix(at, *in.TableName+"|address#") && at > after {
			found = append(found, at)
		}
	}
	slices.Sort(found)
	out := &dynamodb.ScanOutput{}
	if f.pageSize > 0 && len(found) > f.pageSize {
		found = found[:f.pageSize]
		out.LastEvaluatedKey = item{"pk": f.items[found[f.pageSize-1]]["pk"]}
	}
	for _, at := range found {
		out.Items = append(out.Items, maps.Clone(f.items[at]))
	}
	return out, nil
}

func (f *fake) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	return nil, errors.New("the fake knows no DescribeTable")
}

// cancelled is a transaction cancelled for these reasons.
func cancelled(codes ...string) error {
	err := &types.TransactionCanceledException{}
	for _, code := range codes {
		err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return err
}
