package storetest

import (
	"net/netip"

	"github.com/eipbinder/eipbinder/store"
)

func putCases() []testCase {
	return []testCase{{
		name:     "put-creates",
		contract: "Put writes the record if there is none of this address and r.Version is 0. It returns the record as stored, with its new Version.",
		run: func(b *bench) {
			want := full()
			got := b.put(want)
			if got.Version <= 0 {
				b.Errorf("the new record has the version %d", got.Version)
			}
			want.Version = got.Version
			if diff := difference(want, got); diff != "" {
				b.Errorf("Put returned (- wanted, + got):\n%s", diff)
			}
			b.stands(want)
		},
	}, {
		name:     "put-changes",
		contract: "Put writes the record if the stored version is r.Version, and returns it with a Version greater than any that the address ever had.",
		run: func(b *bench) {
			first := b.put(reserved(1))
			want := next(first, phase(store.Releasing))
			second := b.put(want)
			if second.Version <= first.Version {
				b.Errorf("version %d follows version %d", second.Version, first.Version)
			}
			want.Version = second.Version
			b.stands(want)
		},
	}, {
		name:     "put-create-taken",
		contract: "Put with the version 0 of an address that has a record is a conflict with the address key and its present holder; nothing is changed.",
		run: func(b *bench) {
			r := b.put(reserved(1))
			b.conflicts(free(1), store.ByAddress(r.AllocationID), &r)
			b.stands(r)
		},
	}, {
		name:     "put-stale-version",
		contract: "Put with another version than the stored one is a conflict with the address key and its present holder; nothing is changed.",
		run: func(b *bench) {
			first := b.put(reserved(1))
			second := b.put(next(first, func(r *store.Record) { r.Reason = "second" }))
			b.conflicts(next(first, func(r *store.Record) { r.Reason = "stale" }), store.ByAddress(first.AllocationID), &second)
			ahead := next(second, func(r *store.Record) { r.Version += 7 })
			b.conflicts(ahead, store.ByAddress(first.AllocationID), &second)
			b.stands(second)
		},
	}, {
		name:     "put-version-of-nothing",
		contract: "Put with a version of an address that has no record is a conflict without holder.",
		run: func(b *bench) {
			r := reserved(1)
			r.Version = 7
			b.conflicts(r, store.ByAddress(r.AllocationID), nil)
			b.holds(r.Keys())
		},
	}, {
		name:     "put-repeated",
		contract: "Repeating a Put with the same Version and WriteID, after a lost reply, is success if the first one was.",
		run: func(b *bench) {
			write := reserved(1)
			first := b.put(write)
			if diff := difference(first, b.put(write)); diff != "" {
				b.Errorf("the repeated create returned another record:\n%s", diff)
			}
			change := next(first, phase(store.Releasing))
			second := b.put(change)
			if diff := difference(second, b.put(change)); diff != "" {
				b.Errorf("the repeated change returned another record:\n%s", diff)
			}
			b.stands(second)
		},
	}, {
		name:     "put-repeated-after-swap",
		contract: "Repeating a Put is success even if another record has meanwhile taken the keys that it gave up.",
		run: func(b *bench) {
			one := b.put(reserved(1))
			change := next(one, func(r *store.Record) { r.InstanceID, r.Name = "i-new", "new.example.com." })
			changed := b.put(change)
			two := reserved(2)
			two.InstanceID, two.Name = one.InstanceID, one.Name
			two = b.put(two)
			if diff := difference(changed, b.put(change)); diff != "" {
				b.Errorf("the repeated change returned another record:\n%s", diff)
			}
			b.stands(changed)
			b.stands(two)
		},
	}, {
		name:     "put-repeated-too-late",
		contract: "Repeating a Put is success only as long as nobody wrote since.",
		run: func(b *bench) {
			write := reserved(1)
			first := b.put(write)
			second := b.put(next(first, phase(store.Releasing)))
			b.conflicts(write, store.ByAddress(write.AllocationID), &second)
			b.stands(second)
		},
	}, {
		name:     "put-repeated-otherwise",
		contract: "Only a Put with the same Version and WriteID is a repeated one: the same WriteID with another Version is a conflict.",
		run: func(b *bench) {
			first := b.put(reserved(1))
			second := b.put(next(first, phase(store.Releasing)))
			third := b.put(next(second, func(r *store.Record) { r.Reason = "third" }))
			stale := third.Clone()
			stale.Version = first.Version
			b.conflicts(stale, store.ByAddress(stale.AllocationID), &third)
		},
	}, {
		name:     "put-invalid",
		contract: "A record that fails Validate is ErrInvalid, and nothing is changed.",
		run: func(b *bench) {
			r := b.put(reserved(1))
			for _, breakIt := range []func(*store.Record){
				func(r *store.Record) { r.AllocationID = "" },
				func(r *store.Record) { r.IP = netip.Addr{} },
				func(r *store.Record) { r.BinderID = "" },
				func(r *store.Record) { r.WriteID = "" },
				func(r *store.Record) { r.Version = -1 },
				func(r *store.Record) { r.Name = "" },
				func(r *store.Record) { r.Phase = "unknown" },
				func(r *store.Record) { r.Phase = store.Free },
				func(r *store.Record) { r.Phase = store.Bound },
			} {
				b.refused(next(r, breakIt), store.ErrInvalid)
			}
			b.stands(r)
		},
	}, {
		name:     "put-other-ip",
		contract: "A record whose IP differs from the stored one is ErrInvalid, and nothing is changed.",
		run: func(b *bench) {
			r := b.put(reserved(1))
			b.refused(next(r, func(r *store.Record) { r.IP = r.IP.Next() }), store.ErrInvalid)
			b.stands(r)
		},
	}}
}
