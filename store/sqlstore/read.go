package sqlstore

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/store"
)

const (
	// batchSize is how many keys one statement asks for. SQLite takes 32,766
	// parameters, PostgreSQL 65,535, but the time that drivers need for them
	// grows with the square of their number.
	batchSize = 500
	// pageSize is how many records List reads at once.
	pageSize = 100
)

// Get implements [store.Store]. Up to 500 keys are read as of one moment.
func (s *Store) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found := map[string]store.Record{}
	for batch := range slices.Chunk(keys, batchSize) {
		if err := s.getBatch(ctx, batch, found); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b store.Record) int {
		return strings.Compare(a.AllocationID, b.AllocationID)
	}), nil
}

func (s *Store) getBatch(ctx context.Context, keys []store.Key, found map[string]store.Record) error {
	ids := map[store.KeyKind][]any{}
	for _, key := range keys {
		ids[key.Kind] = append(ids[key.Kind], key.ID)
	}
	var a arguments
	where := "allocation_id IN " + a.list(ids[store.AddressKey]) +
		" OR instance_id IN " + a.list(ids[store.InstanceKey]) +
		" OR name IN " + a.list(ids[store.NameKey])
	return s.retry(ctx, func() error {
		rows, err := s.rows(ctx, "reading records", "SELECT "+columns+" FROM eipbinder_record WHERE "+where, a.values...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.record != nil {
				found[r.id] = *r.record
			}
		}
		return nil
	})
}

// List implements [store.Store]. It reads page by page, and holds no
// connection while it yields.
func (s *Store) List(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	f.Phases = slices.Clone(f.Phases)
	return func(yield func(store.Record, error) bool) {
		for after, more := "", true; more; {
			page, err := s.page(ctx, f, after)
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			for _, r := range page {
				if !yield(*r.record, nil) {
					return
				}
				after = r.id
			}
			more = len(page) == pageSize
		}
	}
}

func (s *Store) page(ctx context.Context, f store.Filter, after string) (page []row, err error) {
	a := arguments{values: []any{after}}
	where := "allocation_id > $1 AND record IS NOT NULL"
	if len(f.Phases) > 0 {
		var phases []any
		for _, p := range f.Phases {
			phases = append(phases, string(p))
		}
		where += " AND phase IN " + a.list(phases)
	}
	statement := fmt.Sprintf("SELECT %s FROM eipbinder_record WHERE %s ORDER BY allocation_id LIMIT %d", columns, where, pageSize)
	err = s.retry(ctx, func() (err error) {
		page, err = s.rows(ctx, "listing records", statement, a.values...)
		return err
	})
	return page, err
}

// arguments collects those of a statement that is put together. Drivers for
// SQLite may number parameters by their first occurrence: each statement has
// $1 before $2, and so on.
type arguments struct{ values []any }

// list adds values and returns their parameters, in parentheses. SQLite knows
// an empty list, PostgreSQL does not; NULL equals nothing.
func (a *arguments) list(values []any) string {
	if len(values) == 0 {
		return "(NULL)"
	}
	var parameters []string
	for _, value := range values {
		a.values = append(a.values, value)
		parameters = append(parameters, fmt.Sprintf("$%d", len(a.values)))
	}
	return "(" + strings.Join(parameters, ", ") + ")"
}
