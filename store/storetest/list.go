package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/eipbinder/eipbinder/store"
)

func listCases() []testCase {
	return []testCase{{
		name:     "list-filter",
		contract: "List yields the records that the filter selects, each once.",
		run: func(b *bench) {
			if all := b.list(store.Filter{}); len(all) != 0 {
				b.Errorf("an empty store lists %v", all)
			}
			stored := []store.Record{b.put(free(1)), b.put(reserved(2)), b.put(bound(3)), b.put(next(bound(4), draining(true)))}
			stored = append(stored, b.put(next(b.put(reserved(5)), phase(store.Releasing))))
			for _, phases := range [][]store.Phase{nil, {store.Free}, {store.Bound}, {store.Reserved, store.Releasing}, {"unknown"}} {
				f := store.Filter{Phases: phases}
				want := slices.DeleteFunc(slices.Clone(stored), func(r store.Record) bool { return !f.Match(r) })
				if diff := difference(want, sorted(b.list(f))); diff != "" {
					b.Errorf("List(%v) (- wanted, + got):\n%s", phases, diff)
				}
			}
		},
	}, {
		name:     "list-many",
		contract: "List yields all records, each once, also if they fill many pages.",
		run: func(b *bench) {
			var want []store.Record
			for n := range 260 {
				r := bound(n)
				if n >= 220 { // ballast, so that they span DynamoDB's pages of 1 MB
					r.Reason = strings.Repeat("x", 30_000)
				}
				want = append(want, b.put(r))
			}
			if diff := difference(want, sorted(b.list(store.Filter{}))); diff != "" {
				b.Errorf("List (- wanted, + got):\n%s", diff)
			}
		},
	}, {
		name:     "list-break",
		contract: "Breaking off is fine.",
		run: func(b *bench) {
			for n := range 5 {
				b.put(free(n))
			}
			count := 0
			for _, err := range b.store.List(b.Context(), store.Filter{}) {
				if err != nil {
					b.Fatalf("List: %v", err)
				}
				if count++; count == 2 {
					break
				}
			}
			if all := b.list(store.Filter{}); len(all) != 5 {
				b.Errorf("after a List that was broken off another one yields %d of 5 records", len(all))
			}
		},
	}, {
		name:     "list-while-written",
		contract: "Records that are written meanwhile may be yielded as they were before or after, but each once.",
		run:      listWhileWritten,
	}, {
		name:     "list-again",
		contract: "The sequence that List returns may be used more than once, and shows what is stored when it is used.",
		run: func(b *bench) {
			b.put(free(1))
			sequence := b.store.List(b.Context(), store.Filter{})
			for want := range 2 {
				count := 0
				for _, err := range sequence {
					if err != nil {
						b.Fatalf("List: %v", err)
					}
					count++
				}
				if count != want+1 {
					b.Errorf("use %d of the sequence yields %d records, want %d", want+1, count, want+1)
				}
				b.put(free(2 + want))
			}
		},
	}, {
		name:     "cancelled",
		contract: "Every error but a context's wraps the cause: a context's passes through as it is.",
		run:      cancelled,
	}}
}

func listWhileWritten(b *bench) {
	var records []store.Record
	for n := range 30 {
		records = append(records, b.put(reserved(n)))
	}
	var written sync.WaitGroup
	written.Go(func() {
		for _, r := range records {
			if _, err := b.store.Put(b.Context(), next(r, func(r *store.Record) { r.Name = "new-" + r.Name })); err != nil {
				b.Errorf("Put(%s) while others list: %v", r.AllocationID, err)
			}
		}
	})
	defer written.Wait()
	for round := range 4 {
		if round == 3 {
			written.Wait()
		}
		times := map[string]int{}
		for _, r := range b.list(store.Filter{}) {
			times[r.AllocationID]++
		}
		for _, r := range records {
			if times[r.AllocationID] != 1 {
				b.Errorf("List yields %s %d times while it is written, want once", r.AllocationID, times[r.AllocationID])
			}
		}
	}
}

func cancelled(b *bench) {
	r := b.put(free(1))
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	_, getErr := b.store.Get(ctx, store.ByAddress(r.AllocationID))
	_, putErr := b.store.Put(ctx, next(r, func(r *store.Record) { r.Reason = "cancelled" }))
	deleteErr := b.store.Delete(ctx, r)
	var listErr error
	for _, err := range b.store.List(ctx, store.Filter{}) {
		listErr = err
	}
	for call, err := range map[string]error{"Get": getErr, "Put": putErr, "Delete": deleteErr, "List": listErr} {
		if !errors.Is(err, context.Canceled) {
			b.Errorf("%s with a cancelled context = %v, want context.Canceled", call, err)
		}
	}
	b.cancelledRegistry(ctx, r)
}

func (b *bench) cancelledRegistry(ctx context.Context, r store.Record) {
	registry, ok := b.store.(store.Registry)
	if !ok {
		return
	}
	if err := registry.Acquire(ctx, r.AllocationID); !errors.Is(err, context.Canceled) {
		b.Errorf("Acquire with a cancelled context = %v, want context.Canceled", err)
	}
	if err := registry.Yield(ctx, r.AllocationID); !errors.Is(err, context.Canceled) {
		b.Errorf("Yield with a cancelled context = %v, want context.Canceled", err)
	}
}

func sorted(records []store.Record) []store.Record {
	slices.SortFunc(records, func(a, b store.Record) int { return strings.Compare(a.AllocationID, b.AllocationID) })
	return records
}
