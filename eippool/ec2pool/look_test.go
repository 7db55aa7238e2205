package ec2pool_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/eippool"
)

func onto(eni string) eippool.Target {
	return eippool.Target{InstanceID: "i-1", NetworkInterfaceID: eni}
}

func associated(id string) *ec2.AssociateAddressOutput {
	return &ec2.AssociateAddressOutput{AssociationId: &id}
}

func association(id, eni string) *ec2.AssociateAddressInput {
	return &ec2.AssociateAddressInput{AllocationId: &id, NetworkInterfaceId: &eni, AllowReassociation: aws.Bool(false)}
}

func TestOneLookServesABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := record(t, found(), associated("eipassoc-1"), associated("eipassoc-2"), found(), associated("eipassoc-3"))
		pool, batch := newPool(t, client), eippool.WithBatch(t.Context())
		for n := range 3 {
			if _, err := pool.Associate(batch, fmt.Sprintf("eipalloc-%d", n), onto(fmt.Sprintf("eni-%d", n))); err != nil {
				t.Error(err)
			}
			time.Sleep(10 * time.Second) // the third one finds a look of 20 s
		}
		client.sent(describe(), association("eipalloc-0", "eni-0"), association("eipalloc-1", "eni-1"), describe(), association("eipalloc-2", "eni-2"))
	})
}

func TestNoLookWithoutABatch(t *testing.T) {
	client := record(t, found(), associated("eipassoc-1"), found(), associated("eipassoc-2"))
	pool := newPool(t, client)
	for _, n := range []string{"1", "2"} {
		if _, err := pool.Associate(t.Context(), "eipalloc-"+n, onto("eni-"+n)); err != nil {
			t.Error(err)
		}
	}
	client.sent(describe(where("network-interface-id", "eni-1")), association("eipalloc-1", "eni-1"),
		describe(where("network-interface-id", "eni-2")), association("eipalloc-2", "eni-2"))
}

// What a batch has seen says nothing to another one of the same pool, however
// shortly after: that one sees what somebody else has done in between, and
// displaces nothing.
func TestEveryBatchLooksForItself(t *testing.T) {
	looks := map[string]func(t *testing.T, a account, batch context.Context){
		"Associate": func(t *testing.T, a account, batch context.Context) {
			if _, err := a.pool.Associate(batch, a.address(true), a.launch(region+"a", "running")); err != nil {
				t.Error(err)
			}
		},
		"List": func(t *testing.T, a account, batch context.Context) {
			if _, err := a.pool.List(batch); err != nil {
				t.Error(err)
			}
		},
	}
	for name, look := range looks {
		t.Run("after "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAccount(t)
				wanted, theirs, target := a.address(true), a.address(false), a.launch(region+"a", "running")
				first, second := eippool.WithBatch(t.Context()), eippool.WithBatch(t.Context())
				look(t, a, first)
				if _, err := newPool(t, a.client).Associate(t.Context(), theirs, target); err != nil { // another process
					t.Fatal(err)
				}
				before := a.sim.Calls()["AssociateAddress"]
				if _, err := a.pool.Associate(second, wanted, target); !errors.Is(err, eippool.ErrOccupied) {
					t.Errorf("Associate onto what somebody else has just associated: %v, want %v", err, eippool.ErrOccupied)
				}
				if n := a.sim.Calls()["AssociateAddress"] - before; n != 0 {
					t.Errorf("%d calls of AssociateAddress", n)
				}
				if there, _ := a.sim.Address(theirs); there.NetworkInterfaceID != target.NetworkInterfaceID {
					t.Errorf("%s was displaced: %+v", theirs, there)
				}
			})
		})
	}
}

// What a shared look shows may have gone: only a look of one's own tells what
// is there.
func TestLookIsTrustedForVacancyOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := held("eipalloc-1", "eipassoc-1", "eni-1")
		client := record(t, found(there), found(), associated("eipassoc-2"), found(held("eipalloc-1", "eipassoc-2", "eni-1")))
		pool, batch := newPool(t, client), eippool.WithBatch(t.Context())
		if got, err := pool.Associate(batch, "eipalloc-1", target); err != nil || got != "eipassoc-2" {
			t.Errorf("it was gone: %q, %v", got, err)
		}
		if _, err := pool.Associate(batch, "eipalloc-2", target); !errors.Is(err, eippool.ErrOccupied) {
			t.Errorf("it has just been made: %v", err)
		}
		client.sent(describe(), describe(where("network-interface-id", "eni-1")), association("eipalloc-1", "eni-1"),
			describe(where("network-interface-id", "eni-1")))
	})
}

// What one batch associates another one must not take for vacant, although EC2
// does not show it yet when that one looks.
func TestBatchesSeeWhatTheProcessHasAssociated(t *testing.T) {
	for name, lookFirst := range map[string]bool{"its look is older": true, "EC2 lags": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := []any{found(), associated("eipassoc-1"), found(), found(held("eipalloc-1", "eipassoc-1", "eni-1"))}
				if lookFirst {
					answers = []any{found(), found(), associated("eipassoc-1"), found(held("eipalloc-1", "eipassoc-1", "eni-1"))}
				}
				client := record(t, answers...)
				pool := newPool(t, client)
				first, second := eippool.WithBatch(t.Context()), eippool.WithBatch(t.Context())
				if lookFirst {
					if _, err := pool.List(second); err != nil {
						t.Error(err)
					}
				}
				if _, err := pool.Associate(first, "eipalloc-1", target); err != nil {
					t.Error(err)
				}
				time.Sleep(5 * time.Second)
				if _, err := pool.Associate(second, "eipalloc-2", target); !errors.Is(err, eippool.ErrOccupied) {
					t.Errorf("a second address for the interface: %v", err)
				}
			})
		})
	}
}

func TestLookThatFailsIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := record(t, errors.New("connection reset"), found(), associated("eipassoc-1"))
		pool, batch := newPool(t, client), eippool.WithBatch(t.Context())
		if _, err := pool.Associate(batch, "eipalloc-1", target); err == nil {
			t.Error("the look failed, and the address was associated")
		}
		if _, err := pool.Associate(batch, "eipalloc-1", target); err != nil {
			t.Error(err)
		}
		client.sent(describe(), describe(), association("eipalloc-1", "eni-1"))
	})
}

func TestListIsALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := found(free("eipalloc-1"), held("eipalloc-2", "eipassoc-2", "eni-2"))
		client := record(t, all, associated("eipassoc-1"), found(held("eipalloc-2", "eipassoc-2", "eni-2")), all)
		pool, batch := newPool(t, client), eippool.WithBatch(t.Context())
		if got, err := pool.List(batch); err != nil || len(got) != 2 {
			t.Errorf("List: %v, %v", got, err)
		}
		if _, err := pool.Associate(batch, "eipalloc-1", onto("eni-1")); err != nil {
			t.Error(err)
		}
		if _, err := pool.Associate(batch, "eipalloc-3", onto("eni-2")); !errors.Is(err, eippool.ErrOccupied) {
			t.Errorf("onto a held interface: %v", err)
		}
		if _, err := pool.List(batch); err != nil { // which no look answers
			t.Error(err)
		}
		client.sent(describe(), association("eipalloc-1", "eni-1"), describe(where("network-interface-id", "eni-2")), describe())
	})
}

// A hundred associations of a batch in twenty seconds look twice.
func TestLooksInAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t)
		batch := eippool.WithBatch(t.Context())
		var targets []eippool.Target
		for range 100 {
			targets = append(targets, a.launch(region+"a", "running"))
		}
		before := a.sim.Calls()["DescribeAddresses"]
		var group sync.WaitGroup
		for n, target := range targets {
			id := a.address(true)
			group.Go(func() {
				time.Sleep(time.Duration(n) * 200 * time.Millisecond)
				if _, err := a.pool.Associate(batch, id, target); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if looks := a.sim.Calls()["DescribeAddresses"] - before; looks != 2 {
			t.Errorf("%d looks", looks)
		}
	})
}
