package dynamostore_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tables are those of a test's first store, to be edited by hand.
type tables struct {
	*testing.T
	client *dynamodb.Client
}

const records, bindings = "records_1", "bindings_1"

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func flag(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func rowKey(name, ip string) item { return item{"EIP": str(ip), "DNS_Record": str(name)} }

func pk(key string) item { return item{"pk": str(key)} }

// guard is a guard item that names this address.
func guard(key, allocationID string) item {
	return item{"pk": str(key), "allocation_id": str(allocationID)}
}

type itemOf item

// with returns the item with more attributes.
func (i itemOf) with(more item) item {
	changed := maps.Clone(item(i))
	maps.Copy(changed, more)
	return changed
}

func (x tables) put(table string, i item) {
	x.Helper()
	if _, err := x.client.PutItem(x.Context(), &dynamodb.PutItemInput{TableName: &table, Item: i}); err != nil {
		x.Fatal(err)
	}
}

func (x tables) remove(table string, key item) {
	x.Helper()
	if _, err := x.client.DeleteItem(x.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
		x.Fatal(err)
	}
}

func (x tables) get(table string, key item) item {
	x.Helper()
	out, err := x.client.GetItem(x.Context(), &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		x.Fatal(err)
	}
	return out.Item
}

// all returns everything in both tables, an item a line.
func (x tables) all() []string {
	x.Helper()
	var lines []string
	for _, table := range []string{records, bindings} {
		out, err := x.client.Scan(x.Context(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
		if err != nil || len(out.LastEvaluatedKey) > 0 {
			x.Fatal("more than a page, or an error: ", err)
		}
		for _, i := range out.Items {
			lines = append(lines, table+" "+line(i))
		}
	}
	slices.Sort(lines)
	return lines
}

func line(i item) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if m, ok := i[name].(*types.AttributeValueMemberM); ok {
			words = append(words, name+"={"+line(m.Value)+"}")
			continue
		}
		words = append(words, fmt.Sprintf("%s=%s", name, literal(i[name])))
	}
	return strings.Join(words, " ")
}
