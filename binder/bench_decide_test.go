package binder

import (
	"testing"

	"github.com/eipbinder/eipbinder/store"
)

// benchCell is a kind of cell of the planner's table.
type benchCell struct {
	name string
	view view
}

// benchCells are one of each kind.
func benchCells() []benchCell {
	in := func(p store.Phase, edits ...edit) view {
		v := viewIn(p)
		for _, e := range edits {
			e(&v)
		}
		return v
	}
	return []benchCell{
		{"unrecorded", in("")},
		{"reserved", in(store.Reserved, unassociated)},
		{"awaiting", in(store.Reserved, published, leasedByUs)},
		{"bound", in(store.Bound, published, inSync)},
		{"leased", in(store.Bound, leasedByOther)},
		{"stopped", in(store.Bound, instance(Stopped))},
		{"odd", in(store.Bound, noInstance, seen(oddInstance, 0))},
		{"releasing", in(store.Releasing, removed, inSync)},
	}
}

// BenchmarkDecide decides for one cell of each kind, and BenchmarkDecide/free for
// an address that nobody holds.
func BenchmarkDecide(b *testing.B) {
	r := rules{binderID: "b"}
	for _, c := range benchCells() {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.decide(c.view)
			}
		})
	}
	b.Run("free", func(b *testing.B) {
		v := view{now: now, seen: now, record: &store.Record{AllocationID: "eipalloc-1", BinderID: "b", Phase: store.Free}, address: viewIn(store.Bound).address}
		b.ReportAllocs()
		for b.Loop() {
			r.decideFree(v)
		}
	})
}
