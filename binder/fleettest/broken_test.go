package fleettest

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
)

// broken is a fleet in memory whose methods a defect may replace.
type broken struct {
	*memfleet.Fleet
	pool     *mempool.Pool
	launched []string // the IDs of the instances
	public   []string // of those with an auto-assigned address

	describe func(context.Context, ...string) ([]binder.Instance, error)
	list     func(context.Context) iter.Seq2[binder.Instance, error]
}

var tags = map[string]string{"role": "media"}

func newBroken(d defect) *broken {
	pool := mempool.New()
	fleet := memfleet.New(func(o *memfleet.Options) { o.Tags, o.Network = tags, pool })
	b := &broken{Fleet: fleet, pool: pool, describe: fleet.Describe, list: fleet.List}
	d.plant(b)
	return b
}

func (b *broken) Describe(ctx context.Context, ids ...string) ([]binder.Instance, error) {
	return b.describe(ctx, ids...)
}

func (b *broken) List(ctx context.Context) iter.Seq2[binder.Instance, error] { return b.list(ctx) }

func (b *broken) fixture() Fixture {
	return Fixture{Fleet: b, Launch: b.launch, Associate: b.associate, LaunchPublic: b.launchPublic}
}

func (b *broken) launch(state binder.State, eligible bool) binder.Instance {
	i := binder.Instance{State: state, NetworkBorderGroup: "eu-central-1", AvailabilityZone: "eu-central-1a", Type: "c7gn.large"}
	if eligible {
		i.Tags = tags
	}
	i = b.Launch(i)
	b.launched = append(b.launched, i.ID)
	return i
}

func (b *broken) launchPublic() string {
	id := b.launch(binder.Running, true).ID
	b.public = append(b.public, id)
	return id
}

func (b *broken) associate(id string) netip.Addr {
	found, err := b.Fleet.Describe(context.Background(), id)
	if err != nil {
		panic(err)
	}
	a := b.pool.Add(eippool.Address{NetworkBorderGroup: "eu-central-1"})
	target := eippool.Target{InstanceID: id, NetworkInterfaceID: found[0].NetworkInterfaceID, NetworkBorderGroup: "eu-central-1"}
	if _, err := b.pool.Associate(context.Background(), a.AllocationID, target); err != nil {
		panic(err)
	}
	return a.IP
}

// onDescribe makes Describe edit what it has found.
func (b *broken) onDescribe(edit func(ids []string, found []binder.Instance) []binder.Instance) {
	b.describe = func(ctx context.Context, ids ...string) ([]binder.Instance, error) {
		found, err := b.Fleet.Describe(ctx, ids...)
		return edit(ids, found), err
	}
}

// onList makes List edit what it has found, unless it fails.
func (b *broken) onList(edit func(found []binder.Instance) ([]binder.Instance, error)) {
	b.list = func(ctx context.Context) iter.Seq2[binder.Instance, error] {
		return func(yield func(binder.Instance, error) bool) {
			var found []binder.Instance
			for i, err := range b.Fleet.List(ctx) {
				if err != nil {
					yield(binder.Instance{}, err)
					return
				}
				found = append(found, i)
			}
			found, err := edit(found)
			for _, i := range found {
				if !yield(i, nil) {
					return
				}
			}
			if err != nil {
				yield(binder.Instance{}, err)
			}
		}
	}
}

// onInstance makes Describe change every instance that it returns.
func (b *broken) onInstance(change func(*binder.Instance)) {
	b.onDescribe(func(_ []string, found []binder.Instance) []binder.Instance {
		for n := range found {
			change(&found[n])
		}
		return found
	})
}

// onListed makes List change every instance that it yields.
func (b *broken) onListed(change func(*binder.Instance)) {
	b.onList(func(found []binder.Instance) ([]binder.Instance, error) {
		for n := range found {
			change(&found[n])
		}
		return found, nil
	})
}

// eligible returns those of the eligible instances that are to be kept.
func (b *broken) eligible(keep func(binder.Instance) bool) []binder.Instance {
	var all []binder.Instance
	for i, err := range b.Fleet.List(context.Background()) {
		if err != nil {
			panic(err)
		}
		all = append(all, i)
	}
	return slices.DeleteFunc(all, func(i binder.Instance) bool { return !keep(i) })
}
