package ec2pool_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
	"github.com/eipbinder/eipbinder/eippool/pooltest"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

const (
	region   = "eu-central-1"
	localAZ  = "eu-central-1-ham-1a"
	localNBG = "eu-central-1-ham-1"
)

// account is a simulated AWS account with a pool in it.
type account struct {
	*testing.T
	sim    *awssim.Sim
	client *ec2.Client
	pool   *ec2pool.Pool
}

func newAccount(t *testing.T, optFns ...func(*awssim.Options)) account {
	sim := awssim.New(append([]func(*awssim.Options){func(o *awssim.Options) {
		o.AddressQuota = 1000
		o.Zones = []awssim.Zone{{Name: region + "a"}, {Name: localAZ, NetworkBorderGroup: localNBG}}
	}}, optFns...)...)
	client := ec2.New(ec2.Options{
		Region:      sim.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		HTTPClient:  sim.HTTPClient(),
	})
	return account{T: t, sim: sim, client: client, pool: newPool(t, client)}
}

// address allocates an address, inside the pool or outside it.
func (a account) address(inPool bool) string {
	tags := map[string]string{"Pool": "other"}
	if inPool {
		tags = map[string]string{"Pool": "media"}
	}
	id, err := a.sim.Allocate("", tags)
	if err != nil {
		a.Fatal(err)
	}
	return id
}

// launch starts an instance and waits for the state.
func (a account) launch(zone, state string) eippool.Target {
	a.Helper()
	ids, err := a.sim.Launch(awssim.LaunchSpec{Zone: zone})
	if err != nil {
		a.Fatal(err)
	}
	target := eippool.Target{InstanceID: ids[0], NetworkInterfaceID: a.instance(ids[0]).Interfaces[0].ID}
	if state == "terminated" {
		if err := a.sim.Terminate(ids...); err != nil {
			a.Fatal(err)
		}
	}
	for string(a.instance(ids[0]).State) != state {
		time.Sleep(time.Second)
	}
	return target
}

func (a account) instance(id string) awssim.Instance {
	a.Helper()
	for _, i := range a.sim.Instances() {
		if i.ID == id {
			return i
		}
	}
	a.Fatalf("no instance %s", id)
	return awssim.Instance{}
}

func (a account) fixture() pooltest.Fixture {
	return pooltest.Fixture{
		Pool:       a.pool,
		AddAddress: a.address,
		Leave: func(id string) {
			if err := a.sim.SetTags(id, nil); err != nil {
				a.Fatal(err)
			}
		},
		AddTarget:          func(state string) eippool.Target { return a.launch(region+"a", state) },
		AddTargetElsewhere: func() eippool.Target { return a.launch(localAZ, "running") },
		UseUp: func() {
			for range 1000 {
				if _, err := a.sim.Allocate("", nil); err != nil {
					return
				}
			}
		},
		Forward: a.forward(),
	}
}

// forward returns a function that publishes a new name of an address, which
// EC2 looks for before it accepts a reverse name.
func (a account) forward() func(allocationID string) string {
	zoneID, err := a.sim.CreateZone("example.com.")
	if err != nil {
		a.Fatal(err)
	}
	names := 0
	return func(allocationID string) string {
		names++
		name := fmt.Sprintf("m%d.example.com.", names)
		all := a.sim.Addresses()
		at := slices.IndexFunc(all, func(address awssim.Address) bool { return address.AllocationID == allocationID })
		err := a.sim.PutRecordSet(zoneID, awssim.RecordSet{Name: name, Type: "A", TTL: 60, Values: []string{all[at].IP.String()}})
		if err != nil {
			a.Fatal(err)
		}
		time.Sleep(time.Minute) // until the name servers have it
		return name
	}
}

func TestContractOverAwssim(t *testing.T) {
	for name, option := range map[string]func(*awssim.Options){
		// The latency lets concurrent calls overtake each other.
		"lenient": func(o *awssim.Options) { o.Latency = func(string) time.Duration { return 50 * time.Millisecond } },
		// What AWS leaves open, answered the other way.
		"strict": func(o *awssim.Options) { o.RefuseRepeat, o.RefuseDisplacement = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			pooltest.Run(t, func(t *testing.T) pooltest.Fixture {
				return newAccount(t, option).fixture()
			}, func(o *pooltest.Options) {
				o.Bubble = true
			})
		})
	}
}

func TestGoneTargetIsNotReady(t *testing.T) {
	for _, state := range []string{"shutting-down", "terminated"} {
		synctest.Test(t, func(t *testing.T) {
			a := newAccount(t)
			id, target := a.address(true), a.launch(region+"a", "running")
			if err := a.sim.Terminate(target.InstanceID); err != nil {
				t.Fatal(err)
			}
			for string(a.instance(target.InstanceID).State) != state {
				time.Sleep(time.Second)
			}
			if _, err := a.pool.Associate(t.Context(), id, target); !errors.Is(err, eippool.ErrTargetNotReady) {
				t.Errorf("Associate with an instance that is %s: %v, want ErrTargetNotReady", state, err)
			}
		})
	}
}

// TestLostReply loses the first reply; the client's retryer repeats the call.
func TestLostReply(t *testing.T) {
	for name, test := range map[string]struct {
		refuseRepeat bool
		want         error
	}{
		"EC2 accepts the repetition": {false, nil},
		"EC2 refuses it":             {true, eippool.ErrInUse},
	} {
		synctest.Test(t, func(t *testing.T) {
			lost := false
			a := newAccount(t, func(o *awssim.Options) {
				o.RefuseRepeat = test.refuseRepeat
				o.Intercept = func(action string, _ *http.Request) *awssim.Fault {
					if lost || action != "AssociateAddress" {
						return nil
					}
					lost = true
					return &awssim.Fault{LostReply: true}
				}
			})
			id, target := a.address(true), a.launch(region+"a", "running")
			if _, err := a.pool.Associate(t.Context(), id, target); !errors.Is(err, test.want) {
				t.Errorf("%s: %v, want %v", name, err, test.want)
			}
			if found, err := a.pool.Lookup(t.Context(), id); err != nil || !found[0].HeldBy(target) {
				t.Errorf("%s: Lookup = %v, %v", name, found, err)
			}
			if _, err := a.pool.Associate(t.Context(), id, target); err != nil {
				t.Errorf("%s: once more: %v", name, err)
			}
		})
	}
}
