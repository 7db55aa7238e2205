// Package memfleet is a [binder.Fleet] in memory, for tests and
// demonstrations. It is the owner of the instances: what happens to them is
// said here, by Launch, SetState, SetTags and Forget, and passed on to the
// network that holds their addresses.
//
//	pool := mempool.New()
//	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
//	worker := fleet.Launch(binder.Instance{ID: "i-0abc"})
//	fleet.SetState(worker.ID, binder.Running) // its interface takes addresses now
//	fleet.SetState(worker.ID, binder.Terminated) // what it held is free again
//
// A Fleet is safe for concurrent use.
package memfleet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
)

// Network is where the instances' interfaces are. mempool.Pool is one. It must
// not call the Fleet back.
type Network interface {
	// SetTarget says which state (in EC2's words) the interface's instance is in;
	// an empty state, that the interface is forgotten.
	SetTarget(target eippool.Target, state string)
	// HeldBy returns an Elastic IP address that the interface holds.
	HeldBy(networkInterfaceID string) (netip.Addr, bool)
}

// Options tune a Fleet.
type Options struct {
	// Tags are what an instance must carry to be eligible. Empty, the default,
	// means that every instance is.
	Tags map[string]string
	// Network is told of every instance's interface and asked for its address.
	// Nil, the default, means that no instance has an Elastic IP address.
	Network Network
}

// Fleet is an account's instances. Use New.
type Fleet struct {
	options Options

	mu        sync.Mutex
	instances map[string]*binder.Instance
	lastIP    netip.Addr
}

var _ binder.Fleet = (*Fleet)(nil)

// New returns a fleet without instances.
func New(optFns ...func(*Options)) *Fleet {
	var options Options
	for _, fn := range optFns {
		fn(&options)
	}
	options.Tags = maps.Clone(options.Tags)
	return &Fleet{
		options:   options,
		instances: map[string]*binder.Instance{},
		lastIP:    netip.MustParseAddr("10.0.0.0"),
	}
}

// Describe returns the instances of these IDs, ordered by ID.
func (f *Fleet) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []binder.Instance
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if i, ok := f.instances[id]; ok {
			list = append(list, f.view(i))
		}
	}
	return list, nil
}

// List yields the instances that are eligible when it begins, ordered by ID,
// each as it is when it is yielded.
func (f *Fleet) List(ctx context.Context) iter.Seq2[binder.Instance, error] {
	return func(yield func(binder.Instance, error) bool) {
		for _, id := range f.ids() {
			list, err := f.Describe(ctx, id)
			if err != nil {
				yield(binder.Instance{}, err)
				return
			}
			for _, i := range list {
				if i.Eligible && !yield(i, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(binder.Instance{}, err)
		}
	}
}

func (f *Fleet) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.instances))
}

// view returns the instance as EC2 would show it. A terminated one has no
// interface any more.
func (f *Fleet) view(i *binder.Instance) binder.Instance {
	v := *i
	v.Tags = maps.Clone(i.Tags)
	v.Eligible = f.eligible(i)
	v.ElasticIP = netip.Addr{}
	if i.State == binder.Terminated {
		v.NetworkInterfaceID, v.PrivateIP = "", netip.Addr{}
		return v
	}
	if f.options.Network != nil {
		v.ElasticIP, _ = f.options.Network.HeldBy(i.NetworkInterfaceID)
	}
	return v
}

func (f *Fleet) eligible(i *binder.Instance) bool {
	for key, value := range f.options.Tags {
		if v, ok := i.Tags[key]; !ok || v != value {
			return false
		}
	}
	return true
}

// Launch adds an instance, and returns it as Describe shows it. What is
// missing is filled in: IDs, a private address, the state pending, the time.
// Eligible and ElasticIP are not taken from what is given: they follow from the
// options. An instance of the same ID is replaced.
func (f *Fleet) Launch(i binder.Instance) binder.Instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	i.Tags = maps.Clone(i.Tags)
	if i.ID == "" {
		i.ID = newID("i-")
	}
	if i.NetworkInterfaceID == "" {
		i.NetworkInterfaceID = newID("eni-")
	}
	if !i.PrivateIP.IsValid() {
		f.lastIP = f.lastIP.Next()
		i.PrivateIP = f.lastIP
	}
	if i.State == "" {
		i.State = binder.Pending
	}
	if i.LaunchedAt.IsZero() {
		i.LaunchedAt = time.Now()
	}
	f.instances[i.ID] = &i
	f.tell(&i, i.State)
	return f.view(&i)
}

// SetState puts the instance into another state. Terminated is for good in
// EC2, but nothing here prevents another state after it. An unknown ID is
// ignored.
func (f *Fleet) SetState(id string, s binder.State) {
	f.change(id, func(i *binder.Instance) { i.State = s })
}

// SetTags replaces the instance's tags, on which its eligibility depends. An
// unknown ID is ignored.
func (f *Fleet) SetTags(id string, tags map[string]string) {
	f.change(id, func(i *binder.Instance) { i.Tags = maps.Clone(tags) })
}

func (f *Fleet) change(id string, edit func(*binder.Instance)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i, ok := f.instances[id]; ok {
		edit(i)
		f.tell(i, i.State)
	}
}

// Forget removes the instance, as EC2 does about an hour after termination.
// An unknown ID is ignored.
func (f *Fleet) Forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i, ok := f.instances[id]; ok {
		delete(f.instances, id)
		f.tell(i, "")
	}
}

func (f *Fleet) tell(i *binder.Instance, s binder.State) {
	if f.options.Network == nil {
		return
	}
	f.options.Network.SetTarget(eippool.Target{
		InstanceID:         i.ID,
		NetworkInterfaceID: i.NetworkInterfaceID,
		NetworkBorderGroup: i.NetworkBorderGroup,
	}, string(s))
}

// newID returns an ID in EC2's shape: 17 hexadecimal digits after the prefix.
func newID(prefix string) string {
	var b [9]byte
	rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])[:17]
}
