package dynamosim

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// write is one of a transaction, made ready.
type write struct {
	table  *table
	at     string
	after  Item // nil: none, or as before
	remove bool
	holds  bool // its condition
}

// TransactWriteItems writes all or, if a condition does not hold, nothing. Client
// tokens are not remembered.
func (db *DB) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := db.transact(in.TransactItems); err != nil {
		return nil, err
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

func (db *DB) transact(items []types.TransactWriteItem) error {
	if len(items) == 0 || len(items) > 100 {
		return invalid("%d writes: 1 to 100", len(items))
	}
	writes := make([]write, len(items))
	reasons := make([]types.CancellationReason, len(items))
	cancelled := false
	for n, item := range items {
		w, err := db.prepare(item)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(writes[:n], func(o write) bool { return o.table == w.table && o.at == w.at }) {
			return invalid("Transaction request cannot include multiple operations on one item")
		}
		writes[n], reasons[n].Code = w, aws.String("None")
		if !w.holds {
			reasons[n].Code, cancelled = aws.String("ConditionalCheckFailed"), true
		}
	}
	if cancelled {
		return &types.TransactionCanceledException{Message: aws.String("Transaction cancelled"), CancellationReasons: reasons}
	}
	for _, w := range writes {
		w.apply()
	}
	return nil
}

func (w write) apply() {
	switch {
	case w.remove:
		delete(w.table.items, w.at)
	case w.after != nil:
		w.table.items[w.at] = w.after
	}
}

// change is what the four kinds of writes have in common.
type change struct {
	table     *string
	key       Item // or more, of which the key is part
	condition *string
	names     map[string]string
	values    Item
}

// prepare checks a write's condition and makes what it leaves.
func (db *DB) prepare(item types.TransactWriteItem) (write, error) {
	switch {
	case item.Put != nil:
		p := item.Put
		w, _, err := db.check(change{p.TableName, p.Item, p.ConditionExpression, p.ExpressionAttributeNames, p.ExpressionAttributeValues})
		w.after = maps.Clone(p.Item)
		return w, err
	case item.Delete != nil:
		d := item.Delete
		w, _, err := db.check(change{d.TableName, d.Key, d.ConditionExpression, d.ExpressionAttributeNames, d.ExpressionAttributeValues})
		w.remove = true
		return w, err
	case item.ConditionCheck != nil:
		c := item.ConditionCheck
		w, _, err := db.check(change{c.TableName, c.Key, c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues})
		return w, err
	case item.Update != nil:
		return db.prepareUpdate(item.Update)
	}
	return write{}, invalid("a write of nothing")
}

func (db *DB) prepareUpdate(u *types.Update) (write, error) {
	w, before, err := db.check(change{u.TableName, u.Key, u.ConditionExpression, u.ExpressionAttributeNames, u.ExpressionAttributeValues})
	if err != nil {
		return w, err
	}
	update, err := db.update(u.UpdateExpression)
	if err != nil {
		return w, err
	}
	w.after = maps.Clone(u.Key)
	maps.Copy(w.after, before)
	return w, update(w.after, operands{before, u.ExpressionAttributeNames, u.ExpressionAttributeValues})
}

// check returns where the write goes, whether its condition holds, and what is
// there.
func (db *DB) check(c change) (write, Item, error) {
	t, err := db.table(c.table)
	if err != nil {
		return write{}, nil, err
	}
	at, err := t.at(c.key)
	if err != nil {
		return write{}, nil, err
	}
	holds, err := db.condition(c.condition)
	if err != nil {
		return write{}, nil, err
	}
	before := t.items[at]
	ok, err := holds(operands{before, c.names, c.values})
	return write{table: t, at: at, holds: ok}, before, err
}

// single makes one write that is no transaction.
func (db *DB) single(item types.TransactWriteItem) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	w, err := db.prepare(item)
	if err != nil {
		return err
	}
	if !w.holds {
		return &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
	}
	w.apply()
	return nil
}

// PutItem writes an item, whatever was there, if its condition holds.
func (db *DB) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, db.single(types.TransactWriteItem{Put: &types.Put{
		TableName: in.TableName, Item: in.Item, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
	}})
}

// DeleteItem removes an item if its condition holds. One that is not there is no
// error.
func (db *DB) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return &dynamodb.DeleteItemOutput{}, db.single(types.TransactWriteItem{Delete: &types.Delete{
		TableName: in.TableName, Key: in.Key, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
	}})
}

// UpdateItem changes an item, or makes one, if its condition holds.
func (db *DB) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return &dynamodb.UpdateItemOutput{}, db.single(types.TransactWriteItem{Update: &types.Update{
		TableName: in.TableName, Key: in.Key, UpdateExpression: in.UpdateExpression, ConditionExpression: in.ConditionExpression,
		ExpressionAttributeNames: in.ExpressionAttributeNames, ExpressionAttributeValues: in.ExpressionAttributeValues,
	}})
}
