package storetest

import (
	"github.com/eipbinder/eipbinder/store"
)

func keyCases() []testCase {
	return []testCase{{
		name:     "put-instance-taken",
		contract: "Put of an instance that another record holds is a conflict with the instance key and its present holder; nothing is changed.",
		run: func(b *bench) {
			one, two := b.put(bound(1)), b.put(free(2))
			taken := next(two, func(r *store.Record) {
				r.Phase, r.InstanceID, r.Name = store.Reserved, one.InstanceID, "w2.example.com."
			})
			b.conflicts(taken, store.ByInstance(one.InstanceID), &one)
			b.stands(one)
			b.stands(two)
			b.holds([]store.Key{store.ByName(taken.Name)})
		},
	}, {
		name:     "put-name-taken",
		contract: "Put of a name that another record holds is a conflict with the name key and its present holder; nothing is changed.",
		run: func(b *bench) {
			one := b.put(bound(1))
			taken := reserved(2)
			taken.Name = one.Name
			b.conflicts(taken, store.ByName(one.Name), &one)
			b.stands(one)
			b.holds([]store.Key{store.ByAddress(taken.AllocationID), store.ByInstance(taken.InstanceID)})
		},
	}, {
		name:     "keys-held-in-each-phase",
		contract: "A record in another phase than Free holds its instance and its name: no other record can have them.",
		run: func(b *bench) {
			one := b.put(reserved(1))
			other := reserved(2)
			other.InstanceID = one.InstanceID
			for _, p := range []store.Phase{store.Reserved, store.Bound, store.Releasing} {
				one = b.put(next(one, func(r *store.Record) { r.Phase, r.AssociationID = p, "eipassoc-1" }))
				b.stands(one)
				b.conflicts(other, store.ByInstance(one.InstanceID), &one)
			}
		},
	}, {
		name:     "keys-freed-with-record",
		contract: "Keys that a record held and holds no longer, as it is Free, are free from then on.",
		run: func(b *bench) {
			one := b.put(reserved(1))
			keys := one.Keys()
			one = b.put(freed(one))
			b.holds(keys, one)
			b.holds(keys[1:])
			two := reserved(2)
			two.InstanceID, two.Name = "i-1", "w1.example.com."
			b.stands(b.put(two))
			b.stands(one)
		},
	}, {
		name:     "keys-freed-by-change",
		contract: "Keys that a record held and holds no longer, as it has others, are free from then on.",
		run: func(b *bench) {
			old := b.put(bound(1))
			one := b.put(next(old, func(r *store.Record) { r.Name = "new.example.com." }))
			b.holds([]store.Key{store.ByName(old.Name)})
			b.stands(one)
			two := bound(2)
			two.Name = old.Name
			two = b.put(two)
			b.stands(two)
			moved := b.put(next(one, func(r *store.Record) { r.InstanceID = "i-new" }))
			b.holds([]store.Key{store.ByInstance(old.InstanceID)})
			b.stands(moved)
		},
	}, {
		name:     "keys-kept-by-free-record",
		contract: "A Free record holds a name that stays with its address: no other record can have it.",
		run: func(b *bench) {
			one := b.put(kept(1))
			b.holds([]store.Key{store.ByName(one.Name)}, one)
			for _, taken := range []store.Record{reserved(2), kept(2)} {
				taken.Name = one.Name
				b.conflicts(taken, store.ByName(one.Name), &one)
			}
			b.stands(one)
			one = b.put(next(one, func(r *store.Record) { r.Phase, r.InstanceID = store.Reserved, "i-1" }))
			one = b.put(next(one, func(r *store.Record) { r.Phase, r.InstanceID = store.Free, "" }))
			b.holds([]store.Key{store.ByName(one.Name), store.ByInstance("i-1")}, one)
		},
	}, {
		name:     "kept-name-freed",
		contract: "A name that a Free record held is free once the record has it no longer, and once the record is deleted.",
		run: func(b *bench) {
			one, two := b.put(kept(1)), b.put(kept(2))
			one = b.put(next(one, func(r *store.Record) { r.Name, r.KeepName = "", false }))
			b.delete(two)
			b.holds([]store.Key{store.ByName("w1.example.com."), store.ByName("w2.example.com.")})
			for n, name := range []string{"w1.example.com.", "w2.example.com."} {
				r := reserved(3 + n)
				r.Name = name
				b.stands(b.put(r))
			}
			b.stands(one)
		},
	}, {
		name:     "version-grows-over-delete",
		contract: "Version never decreases, not even if the record is deleted and created anew.",
		run: func(b *bench) {
			var last int64
			for range 3 {
				r := b.put(free(1))
				r = b.put(next(r, func(r *store.Record) { r.Reason = "again" }))
				if r.Version <= last {
					b.Errorf("version %d after version %d", r.Version, last)
				}
				last = r.Version
				b.delete(r)
			}
		},
	}, {
		name:     "stale-writer-of-previous-life",
		contract: "A writer that read the record before it was deleted loses: Put with a version that is not the stored one is a conflict.",
		run: func(b *bench) {
			before := b.put(free(1))
			b.delete(before)
			stale := next(before, func(r *store.Record) { r.Reason = "stale" })
			b.conflicts(stale, store.ByAddress(before.AllocationID), nil)
			b.conflicts(before, store.ByAddress(before.AllocationID), nil)
			after := b.put(free(1))
			b.conflicts(stale, store.ByAddress(before.AllocationID), &after)
			b.conflict(b.store.Delete(b.Context(), before), store.ByAddress(before.AllocationID), &after)
			b.stands(after)
		},
	}}
}
