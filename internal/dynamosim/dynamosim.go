// Package dynamosim is Amazon DynamoDB in memory: tables, batch reads, scans,
// single writes and transactions with their conditions, as far as package
// dynamostore and schedule servers ask for them. Anything else is an error, not
// a guess.
//
//	db := dynamosim.New(map[string][]string{"record_table": {"EIP", "DNS_Record"}, "binding_table": {"pk"}})
//	records, err := dynamostore.New(db)
//
// All is strongly consistent, no call fails by itself and none takes time, so
// that tests can run in virtual time, by the million. Attributes are shared with
// who wrote and who reads them: nobody may change one.
//
// A DB is safe for concurrent use.
package dynamosim

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Item is one of a table.
type Item = map[string]types.AttributeValue

// DB is an account's tables. Make one with New.
type DB struct {
	mu         sync.Mutex
	tables     map[string]*table
	conditions map[string]condition // parsed before, by their text
	updates    map[string]update
}

type table struct {
	key   []string // its attributes, strings all
	items map[string]Item
}

// New returns empty tables of these names, with the attributes that are their
// keys.
func New(tables map[string][]string) *DB {
	db := &DB{tables: map[string]*table{}, conditions: map[string]condition{}, updates: map[string]update{}}
	for name, key := range tables {
		db.tables[name] = &table{key: slices.Clone(key), items: map[string]Item{}}
	}
	return db
}

func (db *DB) table(name *string) (*table, error) {
	if t, ok := db.tables[aws.ToString(name)]; ok {
		return t, nil
	}
	return nil, &types.ResourceNotFoundException{Message: aws.String("Requested resource not found: Table: " + aws.ToString(name) + " not found")}
}

// at returns where the item is, or would be, that has this key.
func (t *table) at(item Item) (string, error) {
	parts := make([]string, len(t.key))
	for n, name := range t.key {
		value, ok := item[name].(*types.AttributeValueMemberS)
		if !ok || value.Value == "" {
			return "", invalid("the key attribute %s is missing, empty or no string", name)
		}
		parts[n] = value.Value
	}
	return strings.Join(parts, "\x00"), nil
}

// keyOf returns the key alone.
func (t *table) keyOf(item Item) Item {
	key := Item{}
	for _, name := range t.key {
		key[name] = item[name]
	}
	return key
}

// BatchGetItem returns the items that there are, whole.
func (db *DB) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]Item{}}
	for name, wanted := range in.RequestItems {
		t, err := db.table(&name)
		if err != nil {
			return nil, err
		}
		if len(wanted.Keys) == 0 || len(wanted.Keys) > 100 || wanted.ProjectionExpression != nil {
			return nil, invalid("%d keys, or a projection: 1 to 100, and none", len(wanted.Keys))
		}
		for _, key := range wanted.Keys {
			at, err := t.at(key)
			if err != nil {
				return nil, err
			}
			if found, ok := t.items[at]; ok {
				out.Responses[name] = append(out.Responses[name], maps.Clone(found))
			}
		}
	}
	return out, nil
}

// Scan returns the items that the filter lets through, in the order of their
// keys.
func (db *DB) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	t, err := db.table(in.TableName)
	if err != nil {
		return nil, err
	}
	filter, err := db.condition(in.FilterExpression)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.ScanOutput{}
	places, err := t.page(in, out)
	if err != nil {
		return nil, err
	}
	for _, at := range places {
		item := t.items[at]
		ok, err := filter(operands{item, in.ExpressionAttributeNames, in.ExpressionAttributeValues})
		if err != nil {
			return nil, err
		}
		if ok {
			out.Items = append(out.Items, maps.Clone(item))
		}
	}
	out.Count = int32(len(out.Items))
	return out, nil
}

// page returns the places that a scan is to look at, and sets where the next one
// begins.
func (t *table) page(in *dynamodb.ScanInput, out *dynamodb.ScanOutput) ([]string, error) {
	limit := int(aws.ToInt32(in.Limit))
	if in.ProjectionExpression != nil || in.IndexName != nil || in.TotalSegments != nil || in.Limit != nil && limit < 1 {
		return nil, invalid("a scan with a projection, an index, segments or a limit below 1")
	}
	places, err := t.after(in.ExclusiveStartKey)
	if limit > 0 && limit < len(places) {
		places = places[:limit]
		out.LastEvaluatedKey = t.keyOf(t.items[places[limit-1]])
	}
	return places, err
}

// after returns the places of the items behind the key, in order.
func (t *table) after(key Item) ([]string, error) {
	places := slices.Sorted(maps.Keys(t.items))
	if key == nil {
		return places, nil
	}
	at, err := t.at(key)
	if err != nil {
		return nil, err
	}
	n, found := slices.BinarySearch(places, at)
	if found {
		n++
	}
	return places[n:], nil
}

// All is a table's items as they are when it is ranged over, in no order. There
// are none of a table that is not there. The loop may not call the DB.
func (db *DB) All(name string) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		db.mu.Lock()
		defer db.mu.Unlock()
		t, err := db.table(&name)
		if err != nil {
			return
		}
		for _, item := range t.items {
			if !yield(item) {
				return
			}
		}
	}
}

// DescribeTable returns the table's key and that it is active.
func (db *DB) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	t, err := db.table(in.TableName)
	if err != nil {
		return nil, err
	}
	described := &types.TableDescription{TableName: in.TableName, TableStatus: types.TableStatusActive}
	kinds := []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}
	for n, name := range t.key {
		described.KeySchema = append(described.KeySchema, types.KeySchemaElement{AttributeName: &name, KeyType: kinds[n]})
		described.AttributeDefinitions = append(described.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS})
	}
	return &dynamodb.DescribeTableOutput{Table: described}, nil
}
