// Package mempool is an [eippool.Pool] in memory, for tests and demonstrations:
// a small account of Elastic IP addresses and of network interfaces that can
// hold them, with Amazon EC2's rules. It buys and gives back addresses
// ([eippool.Allocator]) and names them ([eippool.ReverseNamer]), too.
//
// The methods of the interfaces are the binder's side. The others (Add, Remove,
// SetTags, SetTarget) are the world's: what people and EC2 do.
//
//	pool := mempool.New()
//	address := pool.Add(eippool.Address{IP: netip.MustParseAddr("203.0.113.7")})
//	target := eippool.Target{InstanceID: "i-0abc", NetworkInterfaceID: "eni-0def"}
//	pool.SetTarget(target, mempool.Running)
//	associationID, err := pool.Associate(ctx, address.AllocationID, target)
//
// The pool knows no instances, only interfaces and their instance's state.
// Together with memfleet, which owns the instances, nobody calls SetTarget by
// hand: memfleet's option Network takes the pool and keeps it informed.
//
// A Pool is safe for concurrent use. A call whose context has ended returns
// the context's error and changes nothing.
package mempool

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/eipbinder/eipbinder/eippool"
)

// Options tune a Pool.
type Options struct {
	// Tags are what an address must carry to belong to the pool; the account may
	// hold others. Empty, the default, means that every address belongs to it.
	Tags map[string]string
	// Limit is how many addresses Allocate lets the account have. Zero, the
	// default, means no limit. Add is not limited.
	Limit int
}

// Pool is an account's addresses and interfaces. Use New.
type Pool struct {
	options Options

	mu        sync.Mutex
	addresses map[string]*address   // by allocation ID
	targets   map[string]target     // by network interface ID
	held      map[string][]*address // by network interface ID; mostly one
	lastIP    netip.Addr
}

type address struct {
	eippool.Address
	reverseName string
}

var (
	_ eippool.Pool         = (*Pool)(nil)
	_ eippool.Allocator    = (*Pool)(nil)
	_ eippool.ReverseNamer = (*Pool)(nil)
)

// New returns an empty account.
func New(optFns ...func(*Options)) *Pool {
	var options Options
	for _, fn := range optFns {
		fn(&options)
	}
	options.Tags = maps.Clone(options.Tags)
	return &Pool{
		options:   options,
		addresses: map[string]*address{},
		targets:   map[string]target{},
		held:      map[string][]*address{},
		lastIP:    netip.MustParseAddr("198.18.0.0"),
	}
}

// List returns the addresses that carry the pool's tags, ordered by ID.
func (p *Pool) List(ctx context.Context) ([]eippool.Address, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]eippool.Address, 0, len(p.addresses))
	for _, id := range slices.Sorted(maps.Keys(p.addresses)) {
		if a := p.addresses[id]; p.member(a) {
			list = append(list, clone(a.Address))
		}
	}
	return list, nil
}

// Lookup returns the addresses of these IDs, ordered by ID.
func (p *Pool) Lookup(ctx context.Context, allocationIDs ...string) ([]eippool.Address, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []eippool.Address
	for _, id := range slices.Compact(slices.Sorted(slices.Values(allocationIDs))) {
		if a, ok := p.addresses[id]; ok {
			list = append(list, clone(a.Address))
		}
	}
	return list, nil
}

func (p *Pool) member(a *address) bool {
	for key, value := range p.options.Tags {
		if v, ok := a.Tags[key]; !ok || v != value {
			return false
		}
	}
	return true
}

func (p *Pool) find(allocationID string) (*address, error) {
	a, ok := p.addresses[allocationID]
	if !ok {
		return nil, fmt.Errorf("%w: %q", eippool.ErrNotFound, allocationID)
	}
	return a, nil
}

func clone(a eippool.Address) eippool.Address {
	a.Tags = maps.Clone(a.Tags)
	return a
}

// newID returns an ID in EC2's shape: 17 hexadecimal digits after the prefix.
func newID(prefix string) string {
	var b [9]byte
	rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])[:17]
}
