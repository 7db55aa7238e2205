package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

var _ store.Pauser = (*Store)(nil)

// The pause switch is an item of the binding table that is there as long as
// the binders are paused. It has no key of a record's kind, so reads of records
// do not see it. An operator without this library can set it by hand: any item
// with this key will do.
const (
	pauseKey   = "switch#pause"
	attrReason = "reason" // S
)

func pauseItem() item { return item{attrKey: text(pauseKey)} }

// Pause implements [store.Pauser].
func (s *Store) Pause(ctx context.Context, reason string) error {
	i := pauseItem()
	i[attrReason] = text(reason)
	return s.writePause(ctx, types.TransactWriteItem{Put: &types.Put{TableName: &s.opts.BindingTable, Item: i}})
}

// Resume implements [store.Pauser].
func (s *Store) Resume(ctx context.Context) error {
	return s.writePause(ctx, types.TransactWriteItem{Delete: &types.Delete{TableName: &s.opts.BindingTable, Key: pauseItem()}})
}

func (s *Store) writePause(ctx context.Context, write types.TransactWriteItem) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.retry(ctx, func() error { return s.transact(ctx, []step{{write: write}}) })
}

// Paused implements [store.Pauser].
func (s *Store) Paused(ctx context.Context) (bool, string, error) {
	if err := ctx.Err(); err != nil {
		return false, "", err
	}
	found, err := s.batchGet(ctx, s.opts.BindingTable, []item{pauseItem()})
	if err != nil || len(found) == 0 {
		return false, "", err
	}
	return true, textOf(found[0], attrReason), nil
}
