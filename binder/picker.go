package binder

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// candidate is an address that may be reserved, with its record; the zero
// record if it has none yet. Neither is changed.
type candidate struct {
	address *eippool.Address
	record  *store.Record
	mark    uint64 // of a picker's: the hash of the allocation ID
}

// picker hands the free addresses out among the instances of one call, each to
// one of them. It looks when the first one asks, and again if there is nothing
// left and an address was freed meanwhile.
type picker struct {
	b      *Binder
	lock   chan struct{} // not a mutex: it is held across calls, and contexts end
	loaded bool
	freed  atomic.Int64    // addresses, by this call
	known  int64           // of them when it looked last
	free   []candidate     // the longest unused last
	former map[string]bool // the instances that had one of them last
	cool   []int           // choose's own, to use again
}

// take returns the best address for the instance, or nil and when to ask
// again.
func (p *picker) take(ctx context.Context, i Instance) (*candidate, time.Duration, error) {
	select {
	case p.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	defer func() { <-p.lock }()
	if !p.loaded {
		if err := p.load(ctx); err != nil {
			return nil, 0, err
		}
	}
	c, retry := p.pick(i, time.Now())
	if c == nil && p.freed.Load() > p.known {
		if err := p.load(ctx); err != nil {
			return nil, 0, err
		}
		c, retry = p.pick(i, time.Now())
	}
	return c, retry, nil
}

// offer makes these the candidates.
func (p *picker) offer(free []candidate) {
	p.free, p.loaded = slices.Clone(free), true
	slices.SortFunc(p.free, byAge)
	p.former = make(map[string]bool, len(free))
	for n, c := range p.free {
		p.former[c.record.LastInstanceID] = true
		p.free[n].mark = hash(c.address.AllocationID)
	}
}

// byAge orders candidates by how long they have been unused, the longest last:
// most are taken there, and nothing behind them has to move.
func byAge(x, y candidate) int {
	return cmp.Or(y.record.FreedAt.Compare(x.record.FreedAt), cmp.Compare(y.address.AllocationID, x.address.AllocationID))
}

// pick takes the best of the candidates, or says when to ask again.
func (p *picker) pick(i Instance, now time.Time) (*candidate, time.Duration) {
	best, retry := -1, time.Duration(0)
	if p.former[i.ID] {
		best = slices.IndexFunc(p.free, func(c candidate) bool {
			return c.record.LastInstanceID == i.ID && c.fits(i) && !now.Before(c.record.FencedUntil)
		})
	}
	if best < 0 {
		best, retry = p.choose(i, now)
	}
	if best < 0 {
		return nil, retry
	}
	c := p.free[best]
	p.free = slices.Delete(p.free, best, best+1)
	return &c, 0
}

func (c *candidate) fits(i Instance) bool {
	return c.address.Fits(eippool.Target{NetworkBorderGroup: i.NetworkBorderGroup})
}

// giveBack makes a candidate that was not used after all available again.
func (p *picker) giveBack(c candidate) {
	p.lock <- struct{}{}
	defer func() { <-p.lock }()
	at, _ := slices.BinarySearchFunc(p.free, c, byAge)
	p.free = slices.Insert(p.free, at, c)
}

// load finds the addresses that nobody holds, by EC2 and by the store.
func (p *picker) load(ctx context.Context) error {
	p.known = p.freed.Load()
	addresses, err := p.b.pool.List(ctx)
	if err != nil {
		return err
	}
	addresses = slices.DeleteFunc(addresses, eippool.Address.Associated)
	keys := make([]store.Key, len(addresses))
	for i, a := range addresses {
		keys[i] = store.ByAddress(a.AllocationID)
	}
	records, err := p.b.store.Get(ctx, keys...)
	if err != nil {
		return err
	}
	p.offer(p.b.candidates(addresses, records))
	return nil
}

// candidates returns which of the addresses nobody holds.
func (b *Binder) candidates(addresses []eippool.Address, records []store.Record) []candidate {
	known := make(map[string]*store.Record, len(records))
	for i := range records {
		known[records[i].AllocationID] = &records[i]
	}
	free := make([]candidate, 0, len(addresses))
	none := &store.Record{}
	for i := range addresses {
		a := &addresses[i]
		r, exists := known[a.AllocationID]
		if !exists {
			r = none
		}
		if !a.Associated() && (!exists || r.Phase == store.Free && r.BinderID == b.opts.BinderID) {
			free = append(free, candidate{address: a, record: r})
		}
	}
	return free
}

// choose returns the index of the best address for the instance: one of those that have been unused for longest. Among
// these the instance's ID decides, so that contenders spread instead of all
// wanting the same one. If there is none it returns -1 and when the next one is
// cool.
func (p *picker) choose(i Instance, now time.Time) (int, time.Duration) {
	cool := p.cool[:0] // the longest unused first
	retry := exhaustedRetry
	for n := len(p.free) - 1; n >= 0 && len(cool) < maxSpread; n-- {
		switch c := &p.free[n]; {
		case !c.fits(i):
		case now.Before(c.record.FencedUntil):
			retry = min(retry, c.record.FencedUntil.Sub(now))
		case now.Before(c.record.ReusableAt):
			retry = min(retry, c.record.ReusableAt.Sub(now))
		default:
			cool = append(cool, n)
		}
	}
	p.cool = cool
	if len(cool) == 0 {
		return -1, retry
	}
	contender, best, lowest := hash(i.ID), -1, uint64(0)
	for _, n := range cool[:max(len(cool)/2, min(len(cool), minSpread))] {
		if a := affinity(contender, p.free[n].mark); best < 0 || a < lowest {
			best, lowest = n, a
		}
	}
	return best, 0
}

// minSpread is among how many addresses contenders spread even where that
// means to take one that was freed later than another. Of maxSpread they use
// half.
const (
	minSpread = 8
	maxSpread = 512
)

// affinity is a number that looks random, and is the same for everybody who has
// the same two hashes (the finalizer of MurmurHash3).
func affinity(contender, mark uint64) uint64 {
	h := contender ^ mark
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for n := range len(s) {
		h = (h ^ uint64(s[n])) * 1099511628211
	}
	return h
}
