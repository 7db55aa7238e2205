package storetest

import (
	"errors"
	"strconv"
	"sync"

	"github.com/eipbinder/eipbinder/store"
)

// racers is how many writers race: enough to meet, few enough for a laptop.
const racers = 16

func raceCases() []testCase {
	return []testCase{{
		name:     "race-for-version",
		contract: "Of many writers that read the same version, one wins; the others get a conflict.",
		run: func(b *bench) {
			for range 5 {
				before := b.put(free(1))
				after := b.race(func(n int) store.Record {
					return next(before, func(r *store.Record) { r.Reason = strconv.Itoa(n) })
				})
				b.stands(after)
				b.delete(after)
			}
		},
	}, {
		name:     "race-to-create",
		contract: "Of many writers that create the record of one address, one wins; the others get a conflict.",
		run: func(b *bench) {
			for n := range 5 {
				b.stands(b.race(func(int) store.Record { return free(n) }))
			}
		},
	}, {
		name:     "race-for-instance",
		contract: "Of many writers that reserve different addresses for one instance, one wins; the others get a conflict.",
		run: func(b *bench) {
			winner := b.race(func(n int) store.Record {
				r := reserved(n)
				r.InstanceID = "i-wanted"
				return r
			})
			b.stands(winner)
			if all := b.list(store.Filter{}); len(all) != 1 {
				b.Errorf("%d records are stored, want only the winner's", len(all))
			}
		},
	}, {
		name:     "race-for-name",
		contract: "Of many writers that reserve different addresses under one name, one wins; the others get a conflict.",
		run: func(b *bench) {
			winner := b.race(func(n int) store.Record {
				r := reserved(n)
				r.Name = "wanted.example.com."
				return r
			})
			b.stands(winner)
			if all := b.list(store.Filter{}); len(all) != 1 {
				b.Errorf("%d records are stored, want only the winner's", len(all))
			}
		},
	}}
}

// race puts all racers' records at once and returns what the winner got.
func (b *bench) race(write func(n int) store.Record) store.Record {
	b.Helper()
	var (
		results [racers]store.Record
		errs    [racers]error
		start   = make(chan struct{})
		group   sync.WaitGroup
	)
	for n := range racers {
		group.Go(func() {
			<-start
			results[n], errs[n] = b.store.Put(b.Context(), write(n))
		})
	}
	close(start)
	group.Wait()
	var winners []store.Record
	for n, err := range errs {
		var conflict *store.ConflictError
		switch {
		case err == nil:
			winners = append(winners, results[n])
		case !errors.As(err, &conflict):
			b.Errorf("a loser got the error %v, want a *ConflictError", err)
		}
	}
	if len(winners) != 1 {
		b.Fatalf("%d of %d writers won, want one", len(winners), racers)
	}
	return winners[0]
}
