package storetest

import (
	"slices"

	"github.com/eipbinder/eipbinder/store"
)

func getCases() []testCase {
	return []testCase{{
		name:     "get-absent",
		contract: "Keys that no record holds are left out.",
		run: func(b *bench) {
			b.holds(nil)
			keys := []store.Key{store.ByAddress("eipalloc-0009"), store.ByInstance("i-9"), store.ByName("w9.example.com.")}
			b.holds(keys)
			r := b.put(reserved(1))
			b.holds(append(keys, store.ByAddress(r.AllocationID)), r)
			b.holds([]store.Key{{}, {Kind: "unknown", ID: r.InstanceID}, store.ByName(r.InstanceID), store.ByInstance(r.Name)})
		},
	}, {
		name:     "get-by-each-key",
		contract: "Get returns the records that hold these keys.",
		run: func(b *bench) {
			one, two := b.put(bound(1)), b.put(reserved(2))
			three := b.put(free(3))
			for _, r := range []store.Record{one, two, three} {
				b.stands(r)
			}
			b.holds([]store.Key{store.ByInstance(one.InstanceID), store.ByName(two.Name), store.ByAddress(three.AllocationID)}, one, two, three)
		},
	}, {
		name:     "get-each-once",
		contract: "Get returns the records that hold these keys, each once.",
		run: func(b *bench) {
			r := b.put(bound(1))
			b.holds(append(r.Keys(), r.Keys()...), r)
		},
	}, {
		name:     "get-in-order",
		contract: "Get returns the records in the order of their AllocationID.",
		run: func(b *bench) {
			one, two, three := b.put(reserved(1)), b.put(reserved(2)), b.put(free(3))
			b.holds([]store.Key{store.ByAddress(three.AllocationID), store.ByName(one.Name), store.ByInstance(two.InstanceID)}, one, two, three)
		},
	}, {
		name:     "get-many",
		contract: "There are no partial results.",
		run: func(b *bench) {
			var want []store.Record
			var keys []store.Key
			for n := range 130 {
				r := b.put(reserved(n))
				want, keys = append(want, r), append(keys, r.Keys()[n%3])
			}
			slices.Reverse(keys)
			b.holds(keys, want...)
		},
	}, {
		name:     "get-shows-every-write",
		contract: "The read is strongly consistent: it shows every write that returned before it began.",
		run: func(b *bench) {
			r := b.put(bound(1))
			for range 5 {
				b.stands(r)
				r = b.put(next(r, func(r *store.Record) { r.Reason += "." }))
			}
			b.stands(r)
		},
	}}
}
