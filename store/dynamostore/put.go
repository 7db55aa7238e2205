package dynamostore

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// Put implements [store.Store]. Besides Releasing, an unforced Put that frees
// an acquired record at once, or gives it to another instance, is
// ErrAllocated too.
func (s *Store) Put(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if err := r.Validate(); err != nil {
		return store.Record{}, err
	}
	var stored store.Record
	err := s.retry(ctx, func() (err error) {
		stored, err = s.tryPut(ctx, r)
		return err
	})
	if err != nil {
		return store.Record{}, err
	}
	return stored, nil
}

// tryPut reads, decides and writes on the condition that all is as it was
// read. If it is not, or if the reply of the write was lost, the next attempt
// finds out by reading.
func (s *Store) tryPut(ctx context.Context, r store.Record) (store.Record, error) {
	states, err := s.load(ctx, []string{r.AllocationID})
	if err != nil {
		return store.Record{}, err
	}
	prev := states[r.AllocationID]
	if prev.record != nil && prev.record.IP != r.IP {
		return store.Record{}, fmt.Errorf("%w: address %s is %s and cannot become %s", store.ErrInvalid, r.AllocationID, prev.record.IP, r.IP)
	}
	if prev.record != nil && prev.record.WriteID == r.WriteID && prev.base == r.Version {
		return *prev.record, nil
	}
	if prev.version() != r.Version {
		return store.Record{}, &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: prev.record}
	}
	next := r.Clone()
	next.Version = prev.last + 1
	if next.Allocated, err = nextFlag(prev.record, r); err != nil {
		return store.Record{}, err
	}
	steps, err := s.steps(prev, next)
	if err != nil {
		return store.Record{}, err
	}
	return next, s.transact(ctx, steps)
}

// nextFlag returns the flag Allocated that next gets as the successor of prev.
func nextFlag(prev *store.Record, next store.Record) (bool, error) {
	if prev == nil || !prev.Allocated {
		return false, nil
	}
	stays := next.InstanceID == prev.InstanceID
	leaves := !stays || next.Phase == store.Releasing
	if leaves && prev.Phase != store.Releasing && !next.Forced {
		return false, fmt.Errorf("%w: %s of instance %s", store.ErrAllocated, prev.AllocationID, prev.InstanceID)
	}
	return stays, nil
}

// steps returns the transaction that makes next of prev: the address's item
// first, then the guards, then the rows.
func (s *Store) steps(prev state, next store.Record) ([]step, error) {
	known := prev.shown() && prev.record.InstanceID == next.InstanceID
	var carried *bool
	if known && !next.Visible() {
		carried = &next.Allocated
	}
	encoded, err := encodeBinding(next, prev.version(), carried)
	if err != nil {
		return nil, err
	}
	steps := []step{s.writeAddress(encoded, prev)}
	var held []store.Key
	if prev.record != nil {
		held = prev.record.Keys()
	}
	for _, key := range next.Keys() {
		if key.Kind != store.AddressKey && !slices.Contains(held, key) {
			steps = append(steps, s.takeKey(key, next.AllocationID))
		}
	}
	for _, key := range held {
		if !slices.Contains(next.Keys(), key) {
			steps = append(steps, s.freeKey(key, next.AllocationID))
		}
	}
	return append(steps, s.rowSteps(prev, next, known)...), nil
}

// rowSteps returns the writes of the record table: known says that schedule
// servers have seen the record with this instance.
func (s *Store) rowSteps(prev state, next store.Record, known bool) []step {
	table := s.opts.RecordTable
	same := prev.shown() && sameRow(rowKey(*prev.record), rowKey(next))
	var steps []step
	if prev.row != nil && !(same && next.Visible()) {
		steps = append(steps, step{write: hideRow(table, prev.row)})
	}
	switch {
	case next.Visible() && known && same:
		steps = append(steps, step{write: showRow(table, next, next.Allocated)})
	case next.Visible() && same:
		steps = append(steps, step{write: newRow(table, next, next.Allocated, prev.row)})
	case next.Visible():
		steps = append(steps, step{write: newRow(table, next, next.Allocated, nil)})
	}
	return steps
}

// writeAddress writes an address's item on the condition that it is as in
// prev. The carried flag is in the condition because Yield changes it without
// a new version.
func (s *Store) writeAddress(i item, prev state) step {
	put := &types.Put{TableName: &s.opts.BindingTable, Item: i}
	switch {
	case prev.last == 0:
		put.ConditionExpression = aws.String("attribute_not_exists(#pk)")
		put.ExpressionAttributeNames = map[string]string{"#pk": attrKey}
	case prev.carried == nil:
		put.ConditionExpression = aws.String("#version = :version")
		put.ExpressionAttributeNames = map[string]string{"#version": attrVersion}
		put.ExpressionAttributeValues = item{":version": number(prev.last)}
	default:
		put.ConditionExpression = aws.String("#version = :version AND #carried = :carried")
		put.ExpressionAttributeNames = map[string]string{"#version": attrVersion, "#carried": attrCarried}
		put.ExpressionAttributeValues = item{":version": number(prev.last), ":carried": flagValue(*prev.carried)}
	}
	return step{write: types.TransactWriteItem{Put: put}}
}

func (s *Store) takeKey(key store.Key, allocationID string) step {
	guard := keyItem(key)
	guard[attrHolder] = text(allocationID)
	return step{guard: key, write: types.TransactWriteItem{Put: &types.Put{
		TableName:                 &s.opts.BindingTable,
		Item:                      guard,
		ConditionExpression:       aws.String("attribute_not_exists(#pk) OR #holder = :holder"),
		ExpressionAttributeNames:  map[string]string{"#pk": attrKey, "#holder": attrHolder},
		ExpressionAttributeValues: item{":holder": text(allocationID)},
	}}}
}

func (s *Store) freeKey(key store.Key, allocationID string) step {
	return step{write: types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 &s.opts.BindingTable,
		Key:                       keyItem(key),
		ConditionExpression:       aws.String("attribute_not_exists(#pk) OR #holder = :holder"),
		ExpressionAttributeNames:  map[string]string{"#pk": attrKey, "#holder": attrHolder},
		ExpressionAttributeValues: item{":holder": text(allocationID)},
	}}}
}

// Delete implements [store.Store].
func (s *Store) Delete(ctx context.Context, r store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.retry(ctx, func() error { return s.tryDelete(ctx, r) })
}

func (s *Store) tryDelete(ctx context.Context, r store.Record) error {
	states, err := s.load(ctx, []string{r.AllocationID})
	if err != nil {
		return err
	}
	prev := states[r.AllocationID]
	switch {
	case prev.record == nil:
		return nil
	case prev.record.Version != r.Version:
		return &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: prev.record}
	case prev.record.Phase != store.Free:
		return fmt.Errorf("%w: record of %s is %s; only Free records can be deleted", store.ErrInvalid, r.AllocationID, prev.record.Phase)
	}
	steps := []step{s.writeAddress(encodeDeleted(r.AllocationID, prev.last+1), prev)}
	for _, key := range prev.record.Keys()[1:] {
		steps = append(steps, s.freeKey(key, r.AllocationID))
	}
	return s.transact(ctx, steps)
}
