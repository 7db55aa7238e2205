package dynamostore

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store"
)

var _ store.Adopter = (*Store)(nil)

// Rows implements [store.Adopter] by a consistent Scan of the record table. A row
// whose EIP is no address is ErrInvalid.
func (s *Store) Rows(ctx context.Context) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		for page, err := range s.scan(ctx, &dynamodb.ScanInput{
			TableName:                &s.opts.RecordTable,
			ConsistentRead:           aws.Bool(true),
			FilterExpression:         aws.String("attribute_not_exists(#instance)"),
			ExpressionAttributeNames: map[string]string{"#instance": attrInstance},
		}) {
			if err != nil {
				yield(store.Row{}, err)
				return
			}
			for _, i := range page {
				row, err := decodeRow(i)
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func decodeRow(row item) (store.Row, error) {
	ip, err := netip.ParseAddr(textOf(row, attrEIP))
	if err != nil {
		return store.Row{}, fmt.Errorf("%w: row %s: %w", store.ErrInvalid, rowName(row), err)
	}
	return store.Row{
		IP: ip, Name: strings.ToLower(strings.TrimSuffix(textOf(row, attrDNS), ".")) + ".",
		AssociationID: textOf(row, "AssociationId"), Allocated: rowAllocated(row),
	}, nil
}

// Adopt implements [store.Adopter].
func (s *Store) Adopt(ctx context.Context, r store.Record) (store.Record, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	if err := r.Validate(); err != nil {
		return store.Record{}, err
	}
	if r.Phase != store.Bound || r.Version != 0 {
		return store.Record{}, fmt.Errorf("%w: record of %q: only a first record that is Bound can be adopted", store.ErrInvalid, r.AllocationID)
	}
	var stored store.Record
	err := s.retry(ctx, func() (err error) {
		stored, err = s.tryAdopt(ctx, r)
		return err
	})
	if err != nil {
		return store.Record{}, err
	}
	return stored, nil
}

func (s *Store) tryAdopt(ctx context.Context, r store.Record) (store.Record, error) {
	states, err := s.load(ctx, []string{r.AllocationID})
	if err != nil {
		return store.Record{}, err
	}
	prev := states[r.AllocationID]
	switch {
	case prev.record != nil && prev.record.WriteID == r.WriteID:
		return *prev.record, nil
	case prev.record != nil:
		return store.Record{}, &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: prev.record}
	}
	rows, err := s.batchGet(ctx, s.opts.RecordTable, []item{rowKey(r)})
	if err != nil {
		return store.Record{}, err
	}
	next := r.Clone()
	next.Version = prev.last + 1
	show := newRow(s.opts.RecordTable, next, false, item{}) // there must be none
	if len(rows) > 0 {
		show = newRow(s.opts.RecordTable, next, false, rows[0])
		if textOf(rows[0], "AssociationId") == r.AssociationID {
			next.Allocated = rowAllocated(rows[0])
			show = showRow(s.opts.RecordTable, next, false)
		}
	}
	encoded, err := encodeBinding(next, 0, nil)
	if err != nil {
		return store.Record{}, err
	}
	steps := []step{s.writeAddress(encoded, prev)}
	for _, key := range next.Keys()[1:] { // the address guards itself
		steps = append(steps, s.takeKey(key, next.AllocationID))
	}
	return next, s.transact(ctx, append(steps, step{write: show}))
}
