package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// batchSize is the most items that one BatchGetItem returns.
const batchSize = 100

// Get implements [store.Store].
//
// A record may move between the reads of a guard, the record and its row, for
// they are not one snapshot. What does not fit together is read again, until
// it fits, or until two looks agree: then it is damage, and the key counts as
// held by nobody.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var records []store.Record
	var before map[store.Key]string
	err := s.retry(ctx, func() error {
		found, odd, err := s.look(ctx, keys)
		if err != nil {
			return err
		}
		if len(odd) > 0 && !maps.Equal(odd, before) {
			before = odd
			return &again{fmt.Errorf("records change faster than they can be read: %v", odd)}
		}
		records = found
		return nil
	})
	return records, err
}

// look reads what the keys hold, once. What does not fit together is in odd,
// with what it looks like.
func (s *Store) look(ctx context.Context, keys []store.Key) (found []store.Record, odd map[store.Key]string, err error) {
	holders, err := s.holders(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	states, err := s.load(ctx, slices.Collect(maps.Values(holders)))
	if err != nil {
		return nil, nil, err
	}
	odd = map[store.Key]string{}
	records := map[string]store.Record{}
	for key, id := range holders {
		st := states[id]
		if st.record != nil && slices.Contains(st.record.Keys(), key) {
			records[id] = *st.record
		}
		if st.misfit(key) {
			odd[key] = fmt.Sprintf("%s at version %d", id, st.last)
		}
	}
	return sorted(records), odd, nil
}

// misfit reports whether the state does not fit to a key that was found to
// lead to it: the guard of a record that has another key, a visible record
// without row.
func (s state) misfit(key store.Key) bool {
	if s.record == nil {
		return key.Kind != store.AddressKey
	}
	return !slices.Contains(s.record.Keys(), key) || s.record.Visible() && s.row == nil
}

// holders returns the allocation ID that each key leads to, as far as it leads
// anywhere.
func (s *Store) holders(ctx context.Context, keys []store.Key) (map[store.Key]string, error) {
	holders, guards := map[store.Key]string{}, map[string]store.Key{}
	for _, key := range keys {
		switch key.Kind {
		case store.AddressKey:
			holders[key] = key.ID
		case store.InstanceKey, store.NameKey:
			guards[key.String()] = key
		}
	}
	var wanted []item
	for _, key := range guards {
		wanted = append(wanted, keyItem(key))
	}
	items, err := s.batchGet(ctx, s.opts.BindingTable, wanted)
	for _, i := range items {
		holders[guards[textOf(i, attrKey)]] = textOf(i, attrHolder)
	}
	return holders, err
}

// load reads the states of these addresses.
func (s *Store) load(ctx context.Context, ids []string) (map[string]state, error) {
	slices.Sort(ids)
	var wanted []item
	for _, id := range slices.Compact(ids) {
		wanted = append(wanted, keyItem(store.ByAddress(id)))
	}
	items, err := s.batchGet(ctx, s.opts.BindingTable, wanted)
	if err != nil {
		return nil, err
	}
	return s.states(ctx, items)
}

// states decodes the items of addresses and adds the rows.
func (s *Store) states(ctx context.Context, items []item) (map[string]state, error) {
	states := map[string]state{}
	var wanted []item
	for _, i := range items {
		st, err := s.decodeBinding(i)
		if err != nil {
			return nil, err
		}
		if st.shown() {
			wanted = append(wanted, rowKey(*st.record))
		}
		states[strings.TrimPrefix(textOf(i, attrKey), store.ByAddress("").String())] = st
	}
	rows, err := s.batchGet(ctx, s.opts.RecordTable, wanted)
	if err != nil {
		return nil, err
	}
	there := map[string]item{}
	for _, row := range rows {
		there[rowName(row)] = row
	}
	for id, st := range states {
		if !st.shown() {
			continue
		}
		if row, ok := there[rowName(rowKey(*st.record))]; ok {
			st.row, st.record.Allocated = row, rowAllocated(row)
			states[id] = st
		}
	}
	return states, nil
}

func sorted(records map[string]store.Record) []store.Record {
	return slices.SortedFunc(maps.Values(records), func(a, b store.Record) int {
		return strings.Compare(a.AllocationID, b.AllocationID)
	})
}

// batchGet reads these items, which must differ, consistently. Those that do
// not exist are left out.
func (s *Store) batchGet(ctx context.Context, table string, keys []item) ([]item, error) {
	var items []item
	for chunk := range slices.Chunk(keys, batchSize) {
		err := s.retry(ctx, func() error {
			out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				table: {Keys: chunk, ConsistentRead: aws.Bool(true)},
			}})
			if err != nil {
				return wrap(ctx, "BatchGetItem of "+table, err)
			}
			items = append(items, out.Responses[table]...)
			if chunk = out.UnprocessedKeys[table].Keys; len(chunk) > 0 {
				return &again{fmt.Errorf("%w: %w", store.ErrThrottled, errUnprocessed)}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

// errUnprocessed: BatchGetItem answers with what it could read. The rest is
// throttled, not absent.
var errUnprocessed = errors.New("BatchGetItem left keys unprocessed")
