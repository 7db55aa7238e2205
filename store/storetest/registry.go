package storetest

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/eipbinder/eipbinder/store"
)

func registryCases() []testCase {
	return []testCase{{
		name:     "acquire",
		contract: "Acquire sets the flag Allocated of a visible record; ErrAllocated if the flag is set.",
		run: func(b *bench) {
			r := b.allocated(1)
			b.flagIs(b.put(next(r, func(*store.Record) {})), true)
			b.fails("Acquire", b.registry().Acquire(b.Context(), r.AllocationID), store.ErrAllocated)
		},
	}, {
		name:     "acquire-invisible",
		contract: "Acquire is ErrNotFound if no visible record has this address.",
		run: func(b *bench) {
			invisible := []store.Record{b.put(free(2)), b.put(reserved(3)), b.put(next(bound(4), draining(true)))}
			invisible = append(invisible, b.put(next(b.put(bound(5)), phase(store.Releasing))))
			for _, r := range append(invisible, free(1)) {
				b.fails("Acquire", b.registry().Acquire(b.Context(), r.AllocationID), store.ErrNotFound)
			}
			for _, r := range invisible {
				b.stands(r)
			}
		},
	}, {
		name:     "acquire-race",
		contract: "Of many schedule servers that acquire a record, one wins; the others get ErrAllocated.",
		run: func(b *bench) {
			r, registry := b.put(bound(1)), b.registry()
			var winners atomic.Int64
			var group sync.WaitGroup
			for range racers {
				group.Go(func() {
					err := registry.Acquire(b.Context(), r.AllocationID)
					if err == nil {
						winners.Add(1)
						return
					}
					b.fails("Acquire", err, store.ErrAllocated)
				})
			}
			group.Wait()
			if winners.Load() != 1 {
				b.Errorf("%d of %d won, want one", winners.Load(), racers)
			}
		},
	}, {
		name:     "yield",
		contract: "Yield clears the flag of a record, visible or draining. A flag that is not set is success.",
		run: func(b *bench) {
			for n, on := range []bool{false, true} {
				r := b.allocated(n)
				r = b.put(next(r, draining(on)))
				for range 2 {
					if err := b.registry().Yield(b.Context(), r.AllocationID); err != nil {
						b.Errorf("Yield (draining %t): %v", on, err)
					}
					r.Allocated = false
					b.stands(r)
				}
				b.flagIs(b.put(next(r, draining(false))), false)
			}
		},
	}, {
		name:     "yield-not-bound",
		contract: "Yield is ErrNotFound if there is no Bound record of this address.",
		run: func(b *bench) {
			others := []store.Record{b.put(free(2)), b.put(reserved(3)), b.put(next(b.put(bound(4)), phase(store.Releasing)))}
			for _, r := range append(others, free(1)) {
				b.fails("Yield", b.registry().Yield(b.Context(), r.AllocationID), store.ErrNotFound)
			}
			for _, r := range others {
				b.stands(r)
			}
		},
	}, {
		name:     "flag-is-no-write",
		contract: "The flag is the schedule servers': setting and clearing it leaves Version as it is, so that it gets in no writer's way.",
		run: func(b *bench) {
			r := b.allocated(1)
			b.setFlag(r, false)
			b.stands(r)
			b.put(next(r, draining(true)))
		},
	}}
}

func (b *bench) fails(call string, err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("%s = %v, want the error %q", call, err, want)
	}
}
