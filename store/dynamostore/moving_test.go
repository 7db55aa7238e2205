package dynamostore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
)

// The instance moves to another address between the reads of its guard and of
// the record behind it.
func TestGetFollowsARecordThatMoves(t *testing.T) {
	client := newFake()
	records := newStore(t, client)
	first, err := records.Put(t.Context(), reserved())
	if err != nil {
		t.Fatal(err)
	}
	second := reserved()
	second.AllocationID, second.IP = "eipalloc-2", first.IP.Next()
	moving := newStore(t, &hooked{Client: client, afterRead: func() {
		freed := first
		freed.Phase, freed.InstanceID, freed.Name, freed.WriteID = store.Free, "", "", "write-1"
		_, freeErr := records.Put(t.Context(), freed)
		_, takeErr := records.Put(t.Context(), second)
		if err := errors.Join(freeErr, takeErr); err != nil {
			t.Error(err)
		}
	}})
	found, err := moving.Get(t.Context(), store.ByInstance("i-1"))
	if err != nil || len(found) != 1 || found[0].AllocationID != "eipalloc-2" {
		t.Errorf("Get = %v, %v, want the record of eipalloc-2", found, err)
	}
}

// The record is hidden, with its flag, between the reads of it and of its row.
func TestGetAndListSeeTheFlagOfARecordThatIsHidden(t *testing.T) {
	w, server := newWorker(t)
	server.set(true)
	hide := func() { w.mustPut(func() { w.Draining = !w.Draining }) }
	client := &hooked{Client: server.client, afterRead: hide}
	records := newStore(t, client, onFirstTables)
	found, err := records.Get(t.Context(), store.ByAddress(w.AllocationID))
	if err != nil || len(found) != 1 || !found[0].Allocated || !found[0].Draining {
		t.Errorf("Get = %v, %v, want the record draining and allocated", found, err)
	}
	w.mustPut(func() { w.Draining = false })
	listed := newStore(t, &scanHooked{client, hide}, onFirstTables)
	for r, err := range listed.List(t.Context(), store.Filter{}) {
		if err != nil || !r.Allocated || !r.Draining {
			t.Errorf("List = %v, %v, want the record draining and allocated", r, err)
		}
	}
}

// A guard whose record does not hold the key is damage: the key is nobody's
// to find, and not to be had.
func TestGuardWithoutRecord(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	records := stores.with(t, stores.client)
	_, err := stores.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("bindings_1"), Item: item{
		"pk":            &types.AttributeValueMemberS{Value: "instance#i-1"},
		"allocation_id": &types.AttributeValueMemberS{Value: "eipalloc-9"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	getsNothing := func() {
		t.Helper()
		found, err := records.Get(t.Context(), store.ByInstance("i-1"))
		if err != nil || len(found) > 0 {
			t.Errorf("Get = %v, %v, want nothing", found, err)
		}
	}
	getsNothing()
	other := reserved()
	other.AllocationID, other.InstanceID, other.Name = "eipalloc-9", "i-9", "w9.example.com."
	if _, err := records.Put(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	getsNothing()
	_, err = records.Put(t.Context(), reserved())
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) || conflict.Key != store.ByInstance("i-1") || conflict.Holder != nil {
		t.Errorf("Put = %v, want a conflict about the instance, without holder", err)
	}
}

// Many writers put the same instance on addresses of their own: one wins, and
// of the others nothing stays.
func TestOneWinnerLeavesThreeItems(t *testing.T) {
	const writers = 32
	stores := newStores(parts.Dynoxide(t))
	records := stores.with(t, stores.client)
	var errs [writers]error
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() {
			r := reserved()
			r.AllocationID, r.Name, r.WriteID = fmt.Sprintf("eipalloc-%d", n), fmt.Sprintf("w%d.example.com.", n), fmt.Sprintf("write-%d", n)
			_, errs[n] = records.Put(t.Context(), r)
		})
	}
	group.Wait()
	winners := 0
	for _, err := range errs {
		var conflict *store.ConflictError
		switch {
		case err == nil:
			winners++
		case !errors.As(err, &conflict) || conflict.Key != store.ByInstance("i-1"):
			t.Errorf("a loser got %v, want a conflict about the instance", err)
		}
	}
	out, err := stores.client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("bindings_1"), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if winners != 1 || out.Count != 3 {
		t.Errorf("%d winners and %d items, want one winner with its record and two guards", winners, out.Count)
	}
}
