package pooltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
)

// broken is a pool in memory whose methods a defect may replace.
type broken struct {
	*mempool.Pool
	outside   []string          // the IDs of the addresses that are not of the pool
	forwarded map[string]string // names, and the IDs of the addresses that they point at

	list         func(context.Context) ([]eippool.Address, error)
	lookup       func(context.Context, ...string) ([]eippool.Address, error)
	associate    func(context.Context, string, eippool.Target) (string, error)
	disassociate func(context.Context, string) error
	allocate     func(context.Context) (eippool.Address, error)
	release      func(context.Context, string) error
	setReverse   func(context.Context, string, string) error
	clearReverse func(context.Context, string) error
	pace         func(context.Context) (context.Context, func(), error)

	turns atomic.Int32 // that there still are; none comes back by itself
}

var tags = map[string]string{"pool": "media"}

// limit is more than what any case adds.
const limit = pages + 1

func newBroken(d defect) *broken {
	pool := mempool.New(func(o *mempool.Options) { o.Tags, o.Limit = tags, limit })
	b := &broken{
		Pool:         pool,
		list:         pool.List,
		lookup:       pool.Lookup,
		associate:    pool.Associate,
		disassociate: pool.Disassociate,
		allocate:     pool.Allocate,
		release:      pool.Release,
		clearReverse: pool.ClearReverseName,
		forwarded:    map[string]string{},
	}
	b.setReverse = b.named
	b.pace = b.turn
	b.turns.Store(10)
	d.plant(b)
	return b
}

func (b *broken) Pace(ctx context.Context) (context.Context, func(), error) { return b.pace(ctx) }

// named is SetReverseName without defect.
func (b *broken) named(ctx context.Context, id, name string) error {
	if ctx.Err() == nil && b.one(id).AllocationID != "" && b.forwarded[name] != id {
		return eippool.ErrInvalid
	}
	return b.Pool.SetReverseName(ctx, id, name)
}

// turn is Pace without defect.
func (b *broken) turn(ctx context.Context) (context.Context, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if b.turns.Add(-1) < 0 {
		return nil, nil, &eippool.LateError{RetryAfter: time.Minute}
	}
	return ctx, sync.OnceFunc(func() { b.turns.Add(1) }), nil
}

func (b *broken) List(ctx context.Context) ([]eippool.Address, error) { return b.list(ctx) }

func (b *broken) Lookup(ctx context.Context, ids ...string) ([]eippool.Address, error) {
	return b.lookup(ctx, ids...)
}

func (b *broken) Associate(ctx context.Context, id string, t eippool.Target) (string, error) {
	return b.associate(ctx, id, t)
}

func (b *broken) Disassociate(ctx context.Context, id string) error { return b.disassociate(ctx, id) }

func (b *broken) Allocate(ctx context.Context) (eippool.Address, error) { return b.allocate(ctx) }

func (b *broken) Release(ctx context.Context, id string) error { return b.release(ctx, id) }

func (b *broken) SetReverseName(ctx context.Context, id, name string) error {
	return b.setReverse(ctx, id, name)
}

func (b *broken) ClearReverseName(ctx context.Context, id string) error {
	return b.clearReverse(ctx, id)
}

func (b *broken) fixture() Fixture {
	targets := 0
	addTarget := func(group, state string) eippool.Target {
		targets++
		name := string(rune('a' + targets))
		t := eippool.Target{InstanceID: "i-" + name, NetworkInterfaceID: "eni-" + name, NetworkBorderGroup: group}
		b.SetTarget(t, state)
		return t
	}
	return Fixture{
		Pool: b,
		AddAddress: func(inPool bool) string {
			a := eippool.Address{NetworkBorderGroup: "here"}
			if inPool {
				a.Tags = tags
			}
			id := b.Add(a).AllocationID
			if !inPool {
				b.outside = append(b.outside, id)
			}
			return id
		},
		Leave: func(id string) {
			b.SetTags(id, map[string]string{"pool": "another"})
			b.outside = append(b.outside, id)
		},
		AddTarget:          func(state string) eippool.Target { return addTarget("here", state) },
		AddTargetElsewhere: func() eippool.Target { return addTarget("elsewhere", mempool.Running) },
		UseUp: func() {
			for range limit {
				b.Add(eippool.Address{})
			}
		},
		Forward: func(id string) string {
			name := fmt.Sprintf("m%d.example.com.", len(b.forwarded))
			b.forwarded[name] = id
			return name
		},
		UseUpTurns: func() { b.turns.Store(0) },
	}
}

// one returns the address of this ID, the zero Address if there is none.
func (b *broken) one(id string) eippool.Address {
	list, err := b.Pool.Lookup(context.Background(), id)
	if err != nil || len(list) == 0 {
		return eippool.Address{}
	}
	return list[0]
}

// holds returns the address that the interface holds, the zero Address if none.
func (b *broken) holds(networkInterfaceID string) eippool.Address {
	list, err := b.Pool.List(context.Background())
	if err != nil {
		panic(err)
	}
	for _, id := range b.outside {
		list = append(list, b.one(id))
	}
	i := slices.IndexFunc(list, func(a eippool.Address) bool {
		return a.Associated() && a.NetworkInterfaceID == networkInterfaceID
	})
	if i < 0 {
		return eippool.Address{}
	}
	return list[i]
}

// unhold takes the address from whoever holds it.
func (b *broken) unhold(a eippool.Address) {
	if a.Associated() {
		a.NetworkInterfaceID = ""
		b.Add(a)
	}
}
