package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

// defect is something that implementations get wrong.
type defect struct {
	fails []string // the cases that notice
	plant func(b *broken)
}

func defects() []defect {
	return slices.Concat(readDefects(), writeDefects(), keyDefects(), deleteDefects(), listDefects(), flagDefects(), pauseDefects(), checkDefects())
}

func readDefects() []defect {
	return []defect{
		{[]string{"get-absent"}, reading(func(keys []store.Key, records []store.Record) []store.Record {
			if len(records) < len(keys) {
				return append(records, store.Record{})
			}
			return records
		})},
		{[]string{"get-by-each-key"}, func(b *broken) { // knows no names
			b.get = func(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
				keys = slices.DeleteFunc(slices.Clone(keys), func(k store.Key) bool { return k.Kind == store.NameKey })
				return b.Store.Get(ctx, keys...)
			}
		}},
		{[]string{"get-each-once"}, func(b *broken) {
			b.get = func(ctx context.Context, keys ...store.Key) (all []store.Record, err error) {
				for _, key := range keys {
					records, _ := b.Store.Get(ctx, key)
					all = append(all, records...)
				}
				return all, nil
			}
		}},
		{[]string{"get-in-order"}, reading(func(_ []store.Key, records []store.Record) []store.Record {
			slices.Reverse(records)
			return records
		})},
		{[]string{"get-many"}, reading(func(_ []store.Key, records []store.Record) []store.Record {
			return records[:min(len(records), 100)]
		})},
		{[]string{"get-shows-every-write"}, func(b *broken) { // shows what it showed before
			b.get = func(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
				records, err := b.Store.Get(ctx, keys...)
				for i, r := range records {
					if old, ok := b.kept[r.AllocationID]; ok {
						records[i] = old
					}
					b.kept[r.AllocationID] = records[i]
				}
				return records, err
			}
		}},
	}
}

func writeDefects() []defect {
	return []defect{
		{[]string{"put-creates"}, before(func(_ store.Record, r *store.Record) { r.FirstSeen = nil })},
		{[]string{"put-changes"}, after(func(_ store.Record, stored *store.Record, err error) error {
			stored.Version = 1
			return err
		})},
		{[]string{"put-create-taken"}, before(func(stored store.Record, r *store.Record) {
			if r.Version == 0 {
				r.Version = stored.Version
			}
		})},
		{[]string{"put-stale-version"}, before(func(stored store.Record, r *store.Record) { r.Version = stored.Version })},
		{[]string{"put-version-of-nothing"}, before(func(stored store.Record, r *store.Record) {
			if stored.Version == 0 {
				r.Version = 0
			}
		})},
		{[]string{"put-repeated"}, before(func(_ store.Record, r *store.Record) { r.WriteID = free(0).WriteID })},
		{[]string{"put-repeated-after-swap"}, (*broken).checkKeysFirst},
		{[]string{"put-repeated-too-late"}, (*broken).recogniseForEver},
		{[]string{"put-repeated-otherwise"}, func(b *broken) {
			b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
				if stored := b.stored(r.AllocationID); stored.WriteID == r.WriteID {
					return stored, nil
				}
				return b.Store.Put(ctx, r)
			}
		}},
		{[]string{"put-invalid"}, func(b *broken) {
			b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
				if r.BinderID == "" {
					return r, nil
				}
				return b.Store.Put(ctx, r)
			}
		}},
		{[]string{"put-other-ip"}, before(func(stored store.Record, r *store.Record) {
			if stored.IP.IsValid() {
				r.IP = stored.IP
			}
		})},
		{[]string{"race-for-version"}, (*broken).readThenWrite},
		{[]string{"race-to-create"}, (*broken).readThenWrite},
		{[]string{"keeps-nothing-given"}, func(b *broken) {
			b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
				stored, err := b.Store.Put(ctx, r)
				b.kept[r.AllocationID] = r
				return stored, err
			}
			b.get = func(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
				records, err := b.Store.Get(ctx, keys...)
				for i, r := range records {
					records[i].Tags = b.kept[r.AllocationID].Tags
				}
				return records, err
			}
		}},
		{[]string{"shares-nothing-returned"}, func(b *broken) {
			b.get = func(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
				records, err := b.Store.Get(ctx, keys...)
				for i, r := range records {
					if kept, ok := b.kept[r.AllocationID]; ok && kept.Version == r.Version {
						records[i] = kept
					}
					b.kept[r.AllocationID] = records[i]
				}
				return records, err
			}
		}},
	}
}

// checkKeysFirst looks at the instance's and the name's holders before it
// looks for its own write.
func (b *broken) checkKeysFirst() {
	b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
		if stored := b.stored(r.AllocationID); stored.Version > r.Version && r.Version > 0 {
			return store.Record{}, &store.ConflictError{Key: store.ByAddress(r.AllocationID), Holder: &stored}
		}
		return b.Store.Put(ctx, r)
	}
}

// recogniseForEver takes any write that it has ever seen for success.
func (b *broken) recogniseForEver() {
	b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
		if kept, ok := b.kept[r.WriteID]; ok {
			return kept, nil
		}
		stored, err := b.Store.Put(ctx, r)
		if err == nil {
			b.kept[r.WriteID] = stored
		}
		return stored, err
	}
}

// readThenWrite lets everybody write who read before somebody had written.
func (b *broken) readThenWrite() {
	b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if r.Version = b.stored(r.AllocationID).Version; b.hidden > 0 {
			r.WriteID = free(0).WriteID
		}
		b.hidden++
		return b.Store.Put(ctx, r)
	}
}

func keyDefects() []defect {
	return []defect{
		{[]string{"put-instance-taken"}, twice(func(r *store.Record) *string { return &r.InstanceID })},
		{[]string{"put-name-taken"}, twice(func(r *store.Record) *string { return &r.Name })},
		{[]string{"race-for-instance"}, twice(func(r *store.Record) *string { return &r.InstanceID })},
		{[]string{"race-for-name"}, twice(func(r *store.Record) *string { return &r.Name })},
		{[]string{"keys-held-in-each-phase"}, before(func(stored store.Record, r *store.Record) { // Releasing holds nothing
			if r.Phase == store.Releasing {
				r.InstanceID += "-released"
			}
		})},
		{[]string{"keys-freed-with-record"}, (*broken).keepKeys},
		{[]string{"keys-freed-by-change"}, (*broken).keepKeys},
		{[]string{"keys-kept-by-free-record"}, before(func(_ store.Record, r *store.Record) { // Free holds nothing
			if r.Phase == store.Free {
				r.Name = ""
			}
		})},
		{[]string{"kept-name-freed"}, (*broken).keepKeys},
		{[]string{"kept-name-freed"}, func(b *broken) { // deletes the record, and not what leads to it
			b.delete = func(context.Context, store.Record) error { return nil }
		}},
		{[]string{"version-grows-over-delete"}, (*broken).forgetVersions},
		{[]string{"stale-writer-of-previous-life"}, (*broken).forgetVersions},
	}
}

// twice makes a store that lets several records hold the same key.
func twice(key func(*store.Record) *string) func(*broken) {
	return before(func(_ store.Record, r *store.Record) {
		if r.Phase != store.Free {
			*key(r) += "-of-" + r.AllocationID
		}
	})
}

// forgetVersions deletes a record without a trace.
func (b *broken) forgetVersions() {
	right := b.Store
	b.delete = func(ctx context.Context, r store.Record) error {
		if err := right.Delete(ctx, r); err != nil {
			return err
		}
		right = memstore.New()
		b.put, b.get, b.list = right.Put, right.Get, right.List
		return nil
	}
}

// keepKeys refuses names that anybody ever had.
func (b *broken) keepKeys() {
	b.put = func(ctx context.Context, r store.Record) (store.Record, error) {
		if had, ok := b.kept[r.Name]; ok && had.AllocationID != r.AllocationID {
			return store.Record{}, &store.ConflictError{Key: store.ByName(r.Name), Holder: &had}
		}
		stored, err := b.Store.Put(ctx, r)
		if err == nil && r.Name != "" {
			b.kept[r.Name] = stored
		}
		return stored, err
	}
}

func deleteDefects() []defect {
	return []defect{
		{[]string{"delete-removes"}, func(b *broken) { b.delete = func(context.Context, store.Record) error { return nil } }},
		{[]string{"delete-absent"}, func(b *broken) {
			b.delete = func(ctx context.Context, r store.Record) error {
				if b.stored(r.AllocationID).Version == 0 {
					return store.ErrNotFound
				}
				return b.Store.Delete(ctx, r)
			}
		}},
		{[]string{"delete-stale"}, func(b *broken) {
			b.delete = func(ctx context.Context, r store.Record) error {
				r.Version = b.stored(r.AllocationID).Version
				return b.Store.Delete(ctx, r)
			}
		}},
		{[]string{"delete-not-free"}, func(b *broken) {
			b.delete = func(ctx context.Context, r store.Record) error {
				stored := b.stored(r.AllocationID)
				if stored.Phase == store.Bound { // takes it away from its instance
					stored, _ = b.Store.Put(ctx, freed(stored))
				}
				return b.Store.Delete(ctx, stored)
			}
		}},
	}
}

func listDefects() []defect {
	return []defect{
		{[]string{"list-filter"}, listing(func(_ store.Filter, records []store.Record) []store.Record { return records })},
		{[]string{"list-many"}, listing(func(_ store.Filter, records []store.Record) []store.Record {
			return records[:min(len(records), 250)]
		})},
		{[]string{"list-break"}, func(b *broken) {
			b.list = func(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
				return func(yield func(store.Record, error) bool) {
					b.Store.List(ctx, f)(func(r store.Record, err error) bool {
						if b.hidden > 0 {
							return true
						}
						if !yield(r, err) {
							b.hidden++ // a lock that is never given back
							return false
						}
						return true
					})
				}
			}
		}},
		{[]string{"list-while-written"}, listing(func(_ store.Filter, records []store.Record) []store.Record {
			written := func(r store.Record) bool { return r.Version > 1 } // on two pages
			return append(records, slices.DeleteFunc(slices.Clone(records), func(r store.Record) bool { return !written(r) })...)
		})},
		{[]string{"list-again"}, func(b *broken) {
			b.list = func(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
				var records []store.Record
				for r := range b.Store.List(ctx, f) {
					records = append(records, r)
				}
				return func(yield func(store.Record, error) bool) {
					for _, r := range records {
						if !yield(r, nil) {
							return
						}
					}
				}
			}
		}},
		{[]string{"cancelled"}, func(b *broken) {
			b.get = func(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
				records, err := b.Store.Get(ctx, keys...)
				if err != nil {
					err = errors.New(strings.ToUpper(err.Error()))
				}
				return records, err
			}
		}},
	}
}
