package storetest

import (
	"errors"
	"time"

	"github.com/eipbinder/eipbinder/store"
)

func memoryCases() []testCase {
	return []testCase{{
		name:     "keeps-nothing-given",
		contract: "Stores keep no memory that they are given.",
		run: func(b *bench) {
			given := full()
			stored := b.put(given)
			want := stored.Clone()
			scribble(&given)
			b.stands(want)
		},
	}, {
		name:     "shares-nothing-returned",
		contract: "Values that stores return share no memory with their state.",
		run: func(b *bench) {
			stored := b.put(full())
			want := stored.Clone()
			scribble(&stored)
			b.stands(want)
			for _, r := range b.get(store.ByInstance(want.InstanceID)) {
				scribble(&r)
			}
			b.stands(want)
			for _, r := range b.list(store.Filter{}) {
				scribble(&r)
			}
			b.stands(want)
			_, err := b.store.Put(b.Context(), free(1))
			var conflict *store.ConflictError
			if errors.As(err, &conflict) && conflict.Holder != nil {
				scribble(conflict.Holder)
			}
			b.stands(want)
		},
	}}
}

// scribble changes all memory that the record refers to.
func scribble(r *store.Record) {
	for key := range r.Tags {
		r.Tags[key] = "scribble"
	}
	for key := range r.FirstSeen {
		r.FirstSeen[key] = time.Time{}
	}
	for i := range r.RRSets {
		for j := range r.RRSets[i].Values {
			r.RRSets[i].Values[j] = "scribble"
		}
		r.RRSets[i].Name = "scribble."
	}
}
