package ec2pool_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/ec2pool"
)

func young(o *ec2pool.Options) { o.LookAge = 5 * time.Second }

func onto(eni string) eippool.Target {
	return eippool.Target{InstanceID: "i-1", NetworkInterfaceID: eni}
}

func associated(id string) *ec2.AssociateAddressOutput {
	return &ec2.AssociateAddressOutput{AssociationId: &id}
}

func association(id, eni string) *ec2.AssociateAddressInput {
	return &ec2.AssociateAddressInput{AllocationId: &id, NetworkInterfaceId: &eni, AllowReassociation: aws.Bool(false)}
}

func TestOneLookServesManyAssociations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := record(t, found(), associated("eipassoc-1"), associated("eipassoc-2"), found(), associated("eipassoc-3"))
		pool := newPool(t, client, young)
		for n := range 3 {
			if _, err := pool.Associate(t.Context(), fmt.Sprintf("eipalloc-%d", n), onto(fmt.Sprintf("eni-%d", n))); err != nil {
				t.Error(err)
			}
			time.Sleep(3 * time.Second) // the third finds a look of 6 s
		}
		client.sent(describe(), association("eipalloc-0", "eni-0"), association("eipalloc-1", "eni-1"), describe(), association("eipalloc-2", "eni-2"))
	})
}

// What a shared look shows may have gone: only a look of one's own tells what
// is there.
func TestLookIsTrustedForVacancyOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := held("eipalloc-1", "eipassoc-1", "eni-1")
		client := record(t, found(there), found(), associated("eipassoc-2"), found(held("eipalloc-1", "eipassoc-2", "eni-1")))
		pool := newPool(t, client, young)
		if got, err := pool.Associate(t.Context(), "eipalloc-1", target); err != nil || got != "eipassoc-2" {
			t.Errorf("it was gone: %q, %v", got, err)
		}
		if _, err := pool.Associate(t.Context(), "eipalloc-2", target); !errors.Is(err, eippool.ErrOccupied) {
			t.Errorf("it has just been made: %v", err)
		}
		client.sent(describe(), describe(where("network-interface-id", "eni-1")), association("eipalloc-1", "eni-1"),
			describe(where("network-interface-id", "eni-1")))
	})
}

func TestLookThatFailsIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := record(t, errors.New("connection reset"), found(), associated("eipassoc-1"))
		pool := newPool(t, client, young)
		if _, err := pool.Associate(t.Context(), "eipalloc-1", target); err == nil {
			t.Error("the look failed, and the address was associated")
		}
		if _, err := pool.Associate(t.Context(), "eipalloc-1", target); err != nil {
			t.Error(err)
		}
		client.sent(describe(), describe(), association("eipalloc-1", "eni-1"))
	})
}

func TestListIsALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := record(t, found(free("eipalloc-1"), held("eipalloc-2", "eipassoc-2", "eni-2")), associated("eipassoc-1"),
			found(held("eipalloc-2", "eipassoc-2", "eni-2")))
		pool := newPool(t, client, young)
		if got, err := pool.List(t.Context()); err != nil || len(got) != 2 {
			t.Errorf("List: %v, %v", got, err)
		}
		if _, err := pool.Associate(t.Context(), "eipalloc-1", onto("eni-1")); err != nil {
			t.Error(err)
		}
		if _, err := pool.Associate(t.Context(), "eipalloc-3", onto("eni-2")); !errors.Is(err, eippool.ErrOccupied) {
			t.Errorf("onto a held interface: %v", err)
		}
		client.sent(describe(), association("eipalloc-1", "eni-1"), describe(where("network-interface-id", "eni-2")))
	})
}

// A hundred associations in ten seconds look three times.
func TestLooksInAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(t)
		pool := newPool(t, a.client, young)
		var targets []eippool.Target
		for range 100 {
			targets = append(targets, a.launch(region+"a", "running"))
		}
		before := a.sim.Calls()["DescribeAddresses"]
		var group sync.WaitGroup
		for n, target := range targets {
			id := a.address(true)
			group.Go(func() {
				time.Sleep(time.Duration(n) * 100 * time.Millisecond)
				if _, err := pool.Associate(t.Context(), id, target); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if looks := a.sim.Calls()["DescribeAddresses"] - before; looks < 2 || looks > 3 {
			t.Errorf("%d looks", looks)
		}
	})
}

func TestLookAgeMustNotBeNegative(t *testing.T) {
	_, err := ec2pool.New(record(t), media, func(o *ec2pool.Options) { o.LookAge = -1 })
	if err == nil || !strings.Contains(err.Error(), "LookAge") {
		t.Errorf("error: %v", err)
	}
}
