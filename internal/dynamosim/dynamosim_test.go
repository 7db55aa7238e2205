package dynamosim_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eipbinder/eipbinder/internal/dynamosim"
	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
	"github.com/eipbinder/eipbinder/store/storetest"
)

func newTables() *dynamosim.DB {
	return dynamosim.New(map[string][]string{"record_table": {"EIP", "DNS_Record"}, "binding_table": {"pk"}})
}

func ExampleNew() {
	records, err := dynamostore.New(newTables())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(records.Check(context.Background()))
	// Output: <nil>
}

func TestStoresContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		records, err := dynamostore.New(newTables())
		if err != nil {
			t.Fatal(err)
		}
		return records
	})
}

// both are a DB and a real DynamoDB, which are told the same.
type both struct {
	*testing.T
	real   *dynamodb.Client
	sim    *dynamosim.DB
	random *rand.Rand
}

func newBoth(t *testing.T) *both {
	endpoint := parts.Dynoxide(t)
	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint, Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	if err := dynamostore.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return &both{t, client, newTables(), rand.New(rand.NewPCG(1, 1))}
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func pick[T any](b *both, from ...T) T { return from[b.random.IntN(len(from))] }

// some is a value of one of a few kinds.
func (b *both) some() types.AttributeValue {
	return pick[types.AttributeValue](b, str("a"), str("ab"), str("b"),
		&types.AttributeValueMemberBOOL{Value: true}, &types.AttributeValueMemberBOOL{Value: false},
		&types.AttributeValueMemberN{Value: "7"}, &types.AttributeValueMemberN{Value: "8"},
		&types.AttributeValueMemberM{Value: dynamosim.Item{"k": str("a")}}, &types.AttributeValueMemberM{Value: dynamosim.Item{}})
}

func (b *both) term() string {
	return pick(b, "attribute_exists(#x)", "attribute_not_exists(#x)", "attribute_exists(#y)", "attribute_not_exists(#y)",
		"#x = :v", "#y = :v", "#x <> :w", "#y <> :w", "begins_with(#x, :a)", "#x IN (:v, :w)", "#y IN (:v)")
}

// condition is one of terms tied by AND and OR.
func (b *both) condition() *string {
	text := b.term()
	for range b.random.IntN(4) {
		text += pick(b, " AND ", " OR ") + b.term()
	}
	return &text
}

// used leaves of these what the expressions mention: DynamoDB takes no others.
func used[V any](all map[string]V, expressions ...*string) map[string]V {
	some := map[string]V{}
	for name, value := range all {
		for _, e := range expressions {
			if strings.Contains(aws.ToString(e), name) {
				some[name] = value
			}
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some
}

func (b *both) expressed(expressions ...*string) (map[string]string, dynamosim.Item) {
	names := map[string]string{"#x": "x", "#y": "y"}
	values := dynamosim.Item{":v": b.some(), ":w": b.some(), ":a": str("a")}
	return used(names, expressions...), used(values, expressions...)
}

func (b *both) write(table *string, key dynamosim.Item) types.TransactWriteItem {
	condition := pick(b, b.condition(), b.condition(), nil)
	names, values := b.expressed(condition)
	switch b.random.IntN(5) {
	case 0:
		item := dynamosim.Item{"x": b.some()}
		maps.Copy(item, key)
		return types.TransactWriteItem{Put: &types.Put{
			TableName: table, Item: item, ConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	case 1:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: table, Key: key, ConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	case 2:
		condition = b.condition()
		names, values = b.expressed(condition)
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: table, Key: key, ConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
	}
	change := pick(b, "SET #x = :v", "SET #y = if_not_exists(#y, :w)", "SET #x = :v, #y = if_not_exists(#x, :w)", "SET #x = :w REMOVE #y", "REMOVE #x, #y")
	names, values = b.expressed(condition, &change)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: table, Key: key, UpdateExpression: &change, ConditionExpression: condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values}}
}

// transaction is one of one to three writes, now and then of one item twice.
func (b *both) transaction() *dynamodb.TransactWriteItemsInput {
	in := &dynamodb.TransactWriteItemsInput{}
	for range 1 + b.random.IntN(3) {
		n := b.random.IntN(4)
		if b.random.IntN(2) == 0 {
			in.TransactItems = append(in.TransactItems, b.write(aws.String("binding_table"), dynamosim.Item{"pk": str(fmt.Sprint("key", n))}))
			continue
		}
		key := dynamosim.Item{"EIP": str(fmt.Sprint("ip", n)), "DNS_Record": str("name")}
		in.TransactItems = append(in.TransactItems, b.write(aws.String("record_table"), key))
	}
	return in
}

// codes are what an error says: its code, and those of the cancellation.
func codes(err error) string {
	var cancelled *types.TransactionCanceledException
	var failed smithy.APIError
	switch {
	case errors.As(err, &cancelled):
		var reasons []string
		for _, reason := range cancelled.CancellationReasons {
			reasons = append(reasons, aws.ToString(reason.Code))
		}
		return strings.Join(reasons, ",")
	case errors.As(err, &failed):
		return failed.ErrorCode()
	case err != nil:
		return err.Error()
	}
	return ""
}

var plain = cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberBOOL{}, types.AttributeValueMemberM{})

// compare wants both to have the same, filtered or not.
func (b *both) compare(step int) {
	for table, key := range map[string]string{"record_table": "EIP", "binding_table": "pk"} {
		filter := pick(b, b.condition(), nil)
		names, values := b.expressed(filter)
		in := &dynamodb.ScanInput{TableName: &table, FilterExpression: filter, ExpressionAttributeNames: names, ExpressionAttributeValues: values}
		want, err := b.real.Scan(b.Context(), in)
		if err != nil {
			b.Fatal(err)
		}
		got, err := b.sim.Scan(b.Context(), in)
		if err != nil {
			b.Fatal(err)
		}
		inOrder := cmpopts.SortSlices(func(x, y dynamosim.Item) bool {
			return x[key].(*types.AttributeValueMemberS).Value < y[key].(*types.AttributeValueMemberS).Value
		})
		if diff := cmp.Diff(want.Items, got.Items, plain, inOrder, cmpopts.EquateEmpty()); diff != "" {
			b.Fatalf("step %d: %s where %q (- real, + ours):\n%s", step, table, aws.ToString(filter), diff)
		}
	}
}

// Transactions by chance do the same here and in a real one, or fail alike.
func TestLikeARealOne(t *testing.T) {
	b := newBoth(t)
	tally := map[string]int{}
	for step := range 1500 {
		in := b.transaction()
		_, real := b.real.TransactWriteItems(t.Context(), in)
		_, ours := b.sim.TransactWriteItems(t.Context(), in)
		if codes(real) != codes(ours) {
			t.Fatalf("step %d: %v, and here %v", step, real, ours)
		}
		tally[codes(real)]++
		b.compare(step)
	}
	if tally[""] < 300 || tally["ConditionalCheckFailed"] < 50 || tally["ValidationException"] < 50 {
		t.Errorf("too little happened: %v", tally)
	}
}
