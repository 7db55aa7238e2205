package dynamostore

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// Acquire implements [store.Registry]. It needs the right to read both tables
// and to update the record table.
func (s *Store) Acquire(ctx context.Context, allocationID string) error {
	acquireID := rand.Text()
	return s.onRow(ctx, allocationID, func(st state) error {
		switch {
		case !st.record.Visible() || st.row == nil:
			return fmt.Errorf("%w: schedule servers do not see %s", store.ErrNotFound, allocationID)
		case textOf(st.row, attrAcquireID) == acquireID:
			return nil // the reply was lost
		case st.record.Allocated:
			return fmt.Errorf("%w: %s", store.ErrAllocated, allocationID)
		}
		return s.updateRow(ctx, st, "SET #allocated = :allocated, #acquire = :acquire", item{
			":allocated": flagValue(true),
			":acquire":   text(acquireID),
		})
	})
}

// Yield implements [store.Registry]. It needs the right to read both tables
// and to update the record table, and for draining records the binding table.
func (s *Store) Yield(ctx context.Context, allocationID string) error {
	return s.onRow(ctx, allocationID, func(st state) error {
		switch {
		case st.record.Phase != store.Bound:
			return fmt.Errorf("%w: %s is not Bound", store.ErrNotFound, allocationID)
		case st.row != nil && st.record.Allocated:
			err := s.updateRow(ctx, st, "SET #allocated = :allocated REMOVE #acquire", item{":allocated": flagValue(false)})
			if err != nil {
				return err
			}
		}
		if st.carried == nil || !*st.carried {
			return nil
		}
		return s.yieldCarried(ctx, st)
	})
}

// onRow does with the state of an existing record what act says, and again
// as long as the state changes in between.
func (s *Store) onRow(ctx context.Context, allocationID string, act func(state) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.retry(ctx, func() error {
		states, err := s.load(ctx, []string{allocationID})
		if err != nil {
			return err
		}
		st := states[allocationID]
		if st.record == nil {
			return fmt.Errorf("%w: %s", store.ErrNotFound, allocationID)
		}
		return act(st)
	})
}

// updateRow changes a row that still is this instance's and whose flag is as
// it was read.
func (s *Store) updateRow(ctx context.Context, st state, expression string, values item) error {
	condition := "attribute_exists(#eip) AND "
	names := map[string]string{"#eip": attrEIP, "#allocated": attrAllocated, "#acquire": attrAcquireID}
	if instance, ok := st.row[attrInstance]; ok {
		names["#instance"], values[":instance"] = attrInstance, instance
		condition += "#instance = :instance AND "
	}
	if flag, ok := st.row[attrAllocated]; ok {
		values[":read"] = flag
		condition += "#allocated = :read"
	} else {
		condition += "attribute_not_exists(#allocated)"
	}
	return s.transact(ctx, []step{{write: types.TransactWriteItem{Update: &types.Update{
		TableName:                 &s.opts.RecordTable,
		Key:                       rowKey(*st.record),
		UpdateExpression:          &expression,
		ConditionExpression:       &condition,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	}}}})
}

// yieldCarried clears the flag of a hidden record.
func (s *Store) yieldCarried(ctx context.Context, st state) error {
	return s.transact(ctx, []step{{write: types.TransactWriteItem{Update: &types.Update{
		TableName:                 &s.opts.BindingTable,
		Key:                       keyItem(store.ByAddress(st.record.AllocationID)),
		UpdateExpression:          aws.String("SET #carried = :false"),
		ConditionExpression:       aws.String("#version = :version AND attribute_exists(#carried)"),
		ExpressionAttributeNames:  map[string]string{"#version": attrVersion, "#carried": attrCarried},
		ExpressionAttributeValues: item{":version": number(st.last), ":false": flagValue(false)},
	}}}})
}
