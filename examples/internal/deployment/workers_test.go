package deployment

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/ec2fleet"
	"github.com/eipbinder/eipbinder/binder/fleettest"
	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// newWorkers is a fleet of two parts, which have some instances in common.
func newWorkers(t *testing.T, sim *awssim.Sim) (all workers) {
	t.Helper()
	client := ec2.New(ec2.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(),
	})
	for _, tags := range []ec2tag.Selector{{ec2tag.Key("Media")}, {ec2tag.Key("Voice")}} {
		fleet, err := ec2fleet.New(client, func(o *ec2fleet.Options) { o.Tags = tags })
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part{fleet, tags})
	}
	return all
}

// region is a simulated account, and how many eligible instances it has.
type region struct {
	*testing.T
	sim      *awssim.Sim
	eligible int
}

// launch starts an instance and waits until it has the state. The eligible ones
// are of the first part, the second one, and both, in turn.
func (r *region) launch(state binder.State, eligible bool) binder.Instance {
	r.Helper()
	spec := awssim.LaunchSpec{Tags: map[string]string{"Batch": "yes"}}
	if eligible {
		parts := []map[string]string{{"Media": "yes"}, {"Voice": "yes"}, {"Media": "yes", "Voice": "yes"}}
		spec.Tags = parts[r.eligible%len(parts)]
		r.eligible++
	}
	ids, err := r.sim.Launch(spec)
	if err == nil && state == binder.Terminated {
		err = r.sim.Terminate(ids...)
	}
	if err != nil {
		r.Fatal(err)
	}
	time.Sleep(5 * time.Second) // which pending and shutting-down take
	return binder.Instance{ID: ids[0], Tags: spec.Tags}
}

func (r *region) associate(id string) netip.Addr {
	r.Helper()
	allocation, err := r.sim.Allocate("", nil)
	if err != nil {
		r.Fatal(err)
	}
	all := r.sim.Instances()
	at := slices.IndexFunc(all, func(i awssim.Instance) bool { return i.ID == id })
	if _, err := r.sim.Associate(allocation, all[at].Interfaces[0].ID); err != nil {
		r.Fatal(err)
	}
	address, _ := r.sim.Address(allocation)
	return address.IP
}

func TestWorkersContract(t *testing.T) {
	fleettest.Run(t, func(t *testing.T) fleettest.Fixture {
		r := &region{T: t, sim: awssim.New()}
		return fleettest.Fixture{
			Fleet:        newWorkers(t, r.sim),
			Launch:       r.launch,
			States:       []binder.State{binder.Running, binder.Terminated},
			Associate:    r.associate,
			LaunchPublic: func() string { return r.launch(binder.Running, true).ID },
		}
	}, func(o *fleettest.Options) {
		o.Bubble = true
	})
}
