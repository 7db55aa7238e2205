package zonetest

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
)

const zoneName = "example.com."

// broken is a zone in memory whose methods a defect may replace.
type broken struct {
	*memzone.Zone

	lookup  func(context.Context, dnspolicy.RRKey) (dnspolicy.RRSet, error)
	apply   func(context.Context, []dnspolicy.Change) (dnspolicy.Propagation, error)
	wait    func(context.Context, dnspolicy.Propagation) error
	list    func(context.Context) iter.Seq2[dnspolicy.RRSet, error]
	check   func(context.Context, string) error
	missing error // what Check says of a zone that does not exist
	nowhere error // what Lookup says there
}

const maxValues = 400

func newBroken(d defect) *broken {
	zone, err := memzone.New(zoneName, func(o *memzone.Options) {
		o.SyncDelay, o.MaxValues = 30*time.Second, maxValues
	})
	if err != nil {
		panic(err)
	}
	b := &broken{
		Zone:    zone,
		lookup:  zone.Lookup,
		apply:   zone.Apply,
		wait:    zone.Wait,
		list:    zone.List,
		check:   zone.Check,
		missing: fmt.Errorf("%w: the zone", dnspolicy.ErrNotFound),
		nowhere: dnspolicy.ErrInvalid,
	}
	d.plant(b)
	return b
}

func (b *broken) Lookup(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	return b.lookup(ctx, key)
}

func (b *broken) Apply(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
	return b.apply(ctx, changes)
}

func (b *broken) Wait(ctx context.Context, p dnspolicy.Propagation) error { return b.wait(ctx, p) }

func (b *broken) List(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] { return b.list(ctx) }

func (b *broken) Check(ctx context.Context, suffix string) error { return b.check(ctx, suffix) }

func (b *broken) fixture() Fixture {
	return Fixture{
		Zone:    b,
		Name:    zoneName,
		TooMany: maxValues + 1,
		Answer:  b.Resolve,
		Missing: missingZone{b, b.missing, b.nowhere},
	}
}

type missingZone struct {
	dnspolicy.Zone
	check, lookup error
}

func (z missingZone) Check(context.Context, string) error { return z.check }

func (z missingZone) Lookup(context.Context, dnspolicy.RRKey) (dnspolicy.RRSet, error) {
	return dnspolicy.RRSet{}, z.lookup
}

// current returns what the zone holds, nil for nothing.
func (b *broken) current(key dnspolicy.RRKey) *dnspolicy.RRSet {
	set, err := b.Zone.Lookup(context.Background(), key)
	if err != nil {
		return nil
	}
	return &set
}

// write makes the zone hold the set, whatever is there.
func (b *broken) write(ctx context.Context, set dnspolicy.RRSet) (dnspolicy.Propagation, error) {
	if err := b.Set(set); err != nil {
		return "", err
	}
	return b.Zone.Apply(ctx, []dnspolicy.Change{dnspolicy.Republish(set)})
}

// onChange lets the defect edit every change; it drops those for which edit
// returns false.
func (b *broken) onChange(edit func(*dnspolicy.Change) (keep bool)) {
	b.apply = func(ctx context.Context, changes []dnspolicy.Change) (dnspolicy.Propagation, error) {
		var edited []dnspolicy.Change
		for _, c := range changes {
			c = dnspolicy.Change{Before: clone(c.Before), After: clone(c.After)}
			if edit(&c) {
				edited = append(edited, c)
			}
		}
		return b.Zone.Apply(ctx, edited)
	}
}

// onLookup lets the defect edit what Lookup returns.
func (b *broken) onLookup(edit func(dnspolicy.RRKey, dnspolicy.RRSet, error) (dnspolicy.RRSet, error)) {
	b.lookup = func(ctx context.Context, key dnspolicy.RRKey) (dnspolicy.RRSet, error) {
		set, err := b.Zone.Lookup(ctx, key)
		return edit(key, set, err)
	}
}

// onList lets the defect edit, or drop, what List yields: the set at index i,
// after the one that was at i-1.
func (b *broken) onList(edit func(i int, previous, set dnspolicy.RRSet) (dnspolicy.RRSet, bool)) {
	b.list = func(ctx context.Context) iter.Seq2[dnspolicy.RRSet, error] {
		return func(yield func(dnspolicy.RRSet, error) bool) {
			var previous dnspolicy.RRSet
			i := 0
			for set, err := range b.Zone.List(ctx) {
				if err != nil {
					yield(set, err)
					return
				}
				edited, keep := edit(i, previous, set)
				if keep && !yield(edited, nil) {
					return
				}
				previous, i = set, i+1
			}
		}
	}
}

// turns makes concurrent callers wait for different times, so that all have
// begun before the first goes on, and each is done before the next goes on.
type turns struct{ n atomic.Int64 }

func (w *turns) wait() { time.Sleep(time.Duration(w.n.Add(1)) * time.Second) }
