package storetest

import (
	"errors"

	"github.com/eipbinder/eipbinder/store"
)

func deleteCases() []testCase {
	return []testCase{{
		name:     "delete-removes",
		contract: "Delete removes the record if the stored version is r.Version.",
		run: func(b *bench) {
			r, other := b.put(free(1)), b.put(free(2))
			b.delete(r)
			b.holds(r.Keys())
			if diff := difference([]store.Record{other}, b.list(store.Filter{})); diff != "" {
				b.Errorf("List after Delete (- wanted, + got):\n%s", diff)
			}
		},
	}, {
		name:     "delete-absent",
		contract: "Delete of an address that has no record is success.",
		run: func(b *bench) {
			b.delete(free(1))
			r := b.put(free(1))
			b.delete(r)
			b.delete(r)
		},
	}, {
		name:     "delete-stale",
		contract: "Delete of another version is a conflict with the address key and its present holder; nothing is changed.",
		run: func(b *bench) {
			first := b.put(free(1))
			second := b.put(next(first, func(r *store.Record) { r.Reason = "second" }))
			b.conflict(b.store.Delete(b.Context(), first), store.ByAddress(first.AllocationID), &second)
			b.stands(second)
		},
	}, {
		name:     "delete-not-free",
		contract: "Only Free records can be removed: otherwise ErrInvalid, and nothing is changed.",
		run: func(b *bench) {
			r := b.put(reserved(1))
			for _, p := range []store.Phase{store.Reserved, store.Bound, store.Releasing} {
				r = b.put(next(r, func(r *store.Record) { r.Phase, r.AssociationID = p, "eipassoc-1" }))
				for _, given := range []store.Record{r, freed(r)} {
					if err := b.store.Delete(b.Context(), given); !errors.Is(err, store.ErrInvalid) {
						b.Errorf("Delete of a record that is %s = %v, want ErrInvalid", p, err)
					}
				}
				b.stands(r)
			}
		},
	}}
}
