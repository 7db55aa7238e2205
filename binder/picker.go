package binder

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

// candidate is an address that may be reserved, with its record; the zero
// record if it has none yet.
type candidate struct {
	address eippool.Address
	record  store.Record
}

// picker hands the free addresses out among the instances of one call, each to
// one of them. It looks when the first one asks, and again if there is nothing
// left and an address was freed meanwhile.
type picker struct {
	b          *Binder
	lock       chan struct{} // not a mutex: it is held across calls, and contexts end
	loaded     bool
	freed      atomic.Int64 // addresses, by this call
	known      int64        // of them when it looked last
	candidates []candidate
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

// pick takes the best of the candidates, or says when to ask again.
func (p *picker) pick(i Instance, now time.Time) (*candidate, time.Duration) {
	best, retry := choose(p.candidates, i, now)
	if best < 0 {
		return nil, retry
	}
	c := p.candidates[best]
	p.candidates = slices.Delete(p.candidates, best, best+1)
	return &c, 0
}

// giveBack makes a candidate that was not used after all available again.
func (p *picker) giveBack(c candidate) {
	p.lock <- struct{}{}
	defer func() { <-p.lock }()
	p.candidates = append(p.candidates, c)
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
	p.candidates, p.loaded = p.b.candidates(addresses, records), true
	return nil
}

// candidates returns which of the addresses nobody holds.
func (b *Binder) candidates(addresses []eippool.Address, records []store.Record) []candidate {
	known := make(map[string]store.Record, len(records))
	for _, r := range records {
		known[r.AllocationID] = r
	}
	var free []candidate
	for _, a := range addresses {
		r, exists := known[a.AllocationID]
		if !a.Associated() && (!exists || r.Phase == store.Free && r.BinderID == b.opts.BinderID) {
			free = append(free, candidate{a, r})
		}
	}
	return free
}

// choose returns the index of the best address for the instance: the one that
// it had last, as soon as no call can land on it any more, else one of those that have been unused for
// longest. Among these the instance's ID decides, so that contenders spread
// instead of all wanting the same one. If there is none it returns -1 and when
// the next one is cool.
func choose(candidates []candidate, i Instance, now time.Time) (int, time.Duration) {
	target := eippool.Target{NetworkBorderGroup: i.NetworkBorderGroup}
	var cool []int
	retry := exhaustedRetry
	for n, c := range candidates {
		switch {
		case !c.address.Fits(target):
		case now.Before(c.record.FencedUntil):
			retry = min(retry, c.record.FencedUntil.Sub(now))
		case c.record.LastInstanceID == i.ID:
			return n, 0
		case now.Before(c.record.ReusableAt):
			retry = min(retry, c.record.ReusableAt.Sub(now))
		default:
			cool = append(cool, n)
		}
	}
	if len(cool) == 0 {
		return -1, retry
	}
	slices.SortFunc(cool, func(x, y int) int {
		return cmp.Or(candidates[x].record.FreedAt.Compare(candidates[y].record.FreedAt),
			cmp.Compare(candidates[x].address.AllocationID, candidates[y].address.AllocationID))
	})
	oldest := cool[:max(len(cool)/2, min(len(cool), minSpread))]
	return slices.MinFunc(oldest, func(x, y int) int {
		return cmp.Compare(affinity(i.ID, candidates[x]), affinity(i.ID, candidates[y]))
	}), 0
}

// minSpread is among how many addresses contenders spread even where that
// means to take one that was freed later than another.
const minSpread = 8

// affinity is a number that looks random and is the same for everybody.
func affinity(instanceID string, c candidate) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(instanceID + "/" + c.address.AllocationID)) // a hash never fails
	return h.Sum64()
}
