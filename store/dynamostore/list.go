package dynamostore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store"
)

// List implements [store.Store] by a consistent Scan.
func (s *Store) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for page, err := range s.pages(ctx, f) {
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for _, r := range page {
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, err)
					return
				}
				if f.Match(r) && !yield(r, nil) {
					return
				}
			}
		}
	}
}

func (s *Store) pages(ctx context.Context, f store.Filter) iter.Seq2[[]store.Record, error] {
	return func(yield func([]store.Record, error) bool) {
		for items, err := range s.scan(ctx, s.scanInput(f)) {
			var page []store.Record
			if err == nil {
				page, err = s.page(ctx, items)
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// scan yields the pages of a Scan. An error ends them.
func (s *Store) scan(ctx context.Context, in *dynamodb.ScanInput) iter.Seq2[[]item, error] {
	return func(yield func([]item, error) bool) {
		in := *in // a sequence may be used again
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			out, err := s.client.Scan(ctx, &in)
			if err != nil {
				yield(nil, wrap(ctx, "Scan of "+*in.TableName, err))
				return
			}
			if !yield(out.Items, nil) || len(out.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

func (s *Store) scanInput(f store.Filter) *dynamodb.ScanInput {
	values := item{":address": text(store.ByAddress("").String())}
	var condition string
	if len(f.Phases) == 0 {
		values[":deleted"] = text(phaseDeleted)
		condition = "#phase <> :deleted"
	} else {
		var operands []string
		for n, phase := range f.Phases {
			operand := fmt.Sprintf(":phase%d", n)
			operands = append(operands, operand)
			values[operand] = text(string(phase))
		}
		condition = "#phase IN (" + strings.Join(operands, ", ") + ")"
	}
	return &dynamodb.ScanInput{
		TableName:                 &s.opts.BindingTable,
		ConsistentRead:            aws.Bool(true),
		FilterExpression:          aws.String("begins_with(#pk, :address) AND " + condition),
		ExpressionAttributeNames:  map[string]string{"#pk": attrKey, "#phase": attrPhase},
		ExpressionAttributeValues: values,
	}
}

// page returns the records of a page of addresses' items. A visible record
// without row has probably been hidden since the Scan: it is read anew.
func (s *Store) page(ctx context.Context, items []item) ([]store.Record, error) {
	states, err := s.states(ctx, items)
	if err != nil {
		return nil, err
	}
	var moved []store.Key
	records := map[string]store.Record{}
	for id, st := range states {
		switch key := store.ByAddress(id); {
		case st.record == nil: // deleted: a filter may ask even for that phase
		case st.misfit(key):
			moved = append(moved, key)
		default:
			records[id] = *st.record
		}
	}
	anew, err := s.Get(ctx, moved...)
	return slices.Concat(sorted(records), anew), err
}
