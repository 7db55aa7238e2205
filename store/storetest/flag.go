package storetest

import (
	"github.com/eipbinder/eipbinder/store"
)

func flagCases() []testCase {
	return []testCase{{
		name:     "flag-false-at-first",
		contract: "Allocated is false when a record becomes Bound for the first time; Put ignores what it is given.",
		run: func(b *bench) {
			given := bound(1)
			given.Allocated = true
			r := b.put(given)
			b.flagIs(r, false)
			two := reserved(2)
			two.Allocated = true
			two = b.put(two)
			b.flagIs(two, false)
			b.flagIs(b.put(next(two, func(r *store.Record) { r.Phase, r.AssociationID, r.Allocated = store.Bound, "eipassoc-2", true })), false)
		},
	}, {
		name:     "flag-shown",
		contract: "Get and List show the flag that schedule servers set.",
		run: func(b *bench) {
			r := b.allocated(1)
			want := r.Clone()
			want.Allocated = true
			b.stands(want)
			if diff := difference([]store.Record{want}, b.list(store.Filter{})); diff != "" {
				b.Errorf("List (- wanted, + got):\n%s", diff)
			}
			b.conflicts(free(1), store.ByAddress(r.AllocationID), &want)
		},
	}, {
		name:     "flag-kept-by-put",
		contract: "The flag is never changed by Put while the record stays with its instance.",
		run: func(b *bench) {
			r := b.allocated(1)
			r = b.put(next(r, func(r *store.Record) { r.Allocated = false }))
			b.flagIs(r, true)
			r = b.put(next(r, func(r *store.Record) { r.Name = "new.example.com." }))
			b.flagIs(r, true)
			b.setFlag(r, false)
			b.flagIs(b.put(next(r, func(r *store.Record) { r.Allocated = true })), false)
		},
	}, {
		name:     "flag-kept-while-hidden",
		contract: "The flag is never changed by Put while the record stays with its instance, not even while it is draining.",
		run: func(b *bench) {
			r := b.allocated(1)
			for _, change := range []func(*store.Record){draining(true), draining(true), draining(false)} {
				r = b.put(next(r, func(r *store.Record) { change(r); r.Allocated = false }))
				b.flagIs(r, true)
			}
			b.setFlag(r, false)
			for _, on := range []bool{true, false} {
				r = b.put(next(r, draining(on)))
				b.flagIs(r, false)
			}
		},
	}, {
		name:     "flag-kept-while-reserved",
		contract: "The flag is never changed by Put while the record stays with its instance, not even if it is Reserved again in between.",
		run: func(b *bench) {
			r := b.allocated(1)
			for _, p := range []store.Phase{store.Reserved, store.Reserved, store.Bound} {
				r = b.put(next(r, phase(p)))
				b.flagIs(r, true)
			}
		},
	}, {
		name:     "flag-reset-by-free",
		contract: "The flag is reset when the record is Free. A Releasing record has been taken already: freeing it needs no Forced.",
		run: func(b *bench) {
			r := b.allocated(1)
			r = b.put(next(r, func(r *store.Record) { r.Phase, r.Forced = store.Releasing, true }))
			r = b.put(freed(r))
			b.flagIs(r, false)
			again := bound(1)
			again.Version = r.Version
			b.flagIs(b.put(again), false)
		},
	}, {
		name:     "flag-refuses-release",
		contract: "Making a record Releasing while its flag is set is ErrAllocated, and nothing is changed.",
		run: func(b *bench) {
			r := b.allocated(1)
			b.refused(next(r, phase(store.Releasing)), store.ErrAllocated)
			r.Allocated = true
			b.stands(r)
			r = b.put(next(r, draining(true)))
			b.refused(next(r, phase(store.Releasing)), store.ErrAllocated)
			b.stands(r)
			r = b.put(next(r, draining(false)))
			b.setFlag(r, false)
			b.flagIs(b.put(next(r, phase(store.Releasing))), false)
		},
	}, {
		name:     "flag-refuses-free",
		contract: "Making a record Free while its flag is set is ErrAllocated, and nothing is changed, unless r.Forced is set.",
		run: func(b *bench) {
			b.refusesTaking(func(r *store.Record) { *r = freed(*r) })
		},
	}, {
		name:     "flag-refuses-other-instance",
		contract: "Giving a record to another instance while its flag is set is ErrAllocated, and nothing is changed, unless r.Forced is set.",
		run: func(b *bench) {
			b.refusesTaking(func(r *store.Record) { r.InstanceID = "i-other" })
		},
	}, {
		name:     "flag-release-forced",
		contract: "Making a record Releasing while its flag is set is ErrAllocated unless r.Forced is set.",
		run: func(b *bench) {
			for n, on := range []bool{false, true} {
				r := b.allocated(n)
				r = b.put(next(r, draining(on)))
				r = b.put(next(r, func(r *store.Record) { r.Phase, r.Forced = store.Releasing, true }))
				b.flagIs(r, true)
			}
		},
	}}
}

// refusesTaking checks that an allocated record is taken from its instance only
// by force.
func (b *bench) refusesTaking(take func(*store.Record)) {
	b.Helper()
	r := b.allocated(1)
	b.refused(next(r, take), store.ErrAllocated)
	r.Allocated = true
	b.stands(r)
	b.flagIs(b.put(next(r, func(r *store.Record) {
		take(r)
		r.Forced = true
	})), false)
}

// flagIs checks the flag in what Put returned and in what is stored.
func (b *bench) flagIs(r store.Record, want bool) {
	b.Helper()
	if r.Allocated != want {
		b.Errorf("Put returned Allocated = %t (%s, draining %t), want %t", r.Allocated, r.Phase, r.Draining, want)
	}
	r.Allocated = want
	b.stands(r)
}
