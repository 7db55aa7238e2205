package dynamostore_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// legacy is a schedule server that knows the record table alone, and no
// conditions.
type legacy struct {
	*testing.T
	client *dynamodb.Client
}

func (l legacy) key() item {
	return item{"EIP": &types.AttributeValueMemberS{Value: "203.0.113.1"}, "DNS_Record": &types.AttributeValueMemberS{Value: "sfu.example.com"}}
}

// row returns the row's attributes as plain values; nil if there is none.
func (l legacy) row() map[string]string {
	l.Helper()
	out, err := l.client.GetItem(l.Context(), &dynamodb.GetItemInput{TableName: aws.String("records_1"), Key: l.key(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		l.Fatal(err)
	}
	var row map[string]string
	for name, v := range out.Item {
		if row == nil {
			row = map[string]string{}
		}
		row[name] = literal(v)
	}
	return row
}

func (l legacy) set(allocated bool) {
	l.Helper()
	_, err := l.client.UpdateItem(l.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String("records_1"), Key: l.key(),
		UpdateExpression:          aws.String("SET allocated = :a"),
		ExpressionAttributeValues: item{":a": &types.AttributeValueMemberBOOL{Value: allocated}},
	})
	if err != nil {
		l.Fatal(err)
	}
}

// worker is a bound record that is written step by step.
type worker struct {
	*testing.T
	records *dynamostore.Store
	store.Record
	writes int
}

func newWorker(t *testing.T) (*worker, legacy) {
	stores := newStores(parts.Dynoxide(t))
	w := &worker{T: t, records: stores.with(t, stores.client), Record: reserved()}
	w.Phase, w.AssociationID, w.AvailabilityZone = store.Bound, "eipassoc-1", "eu-central-1b"
	w.BoundAt = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	w.Tags = map[string]string{"pool": "media"}
	w.mustPut(func() {})
	return w, legacy{t, stores.client}
}

func (w *worker) put(change func()) error {
	before := w.Record
	change()
	w.writes++
	w.WriteID = "write-" + string(rune('a'+w.writes))
	stored, err := w.records.Put(w.Context(), w.Record)
	if err != nil {
		w.Record = before
		return err
	}
	w.Record = stored
	return nil
}

func (w *worker) mustPut(change func()) {
	w.Helper()
	if err := w.put(change); err != nil {
		w.Fatal(err)
	}
}

func TestRecordTableIsAsTheReadersKnowIt(t *testing.T) {
	w, server := newWorker(t)
	want := map[string]string{
		"EIP": `"203.0.113.1"`, "DNS_Record": `"sfu.example.com"`, "AssociationId": `"eipassoc-1"`, "allocated": "false",
		"InstanceId": `"i-1"`, "AllocationId": `"eipalloc-1"`, "AvailabilityZone": `"eu-central-1b"`, "BinderId": `"media"`,
		"BoundAt": `"2026-11-01T12:00:00Z"`, "Tags": "*types.AttributeValueMemberM",
	}
	if diff := cmp.Diff(want, server.row()); diff != "" {
		t.Errorf("the row (- wanted, + got):\n%s", diff)
	}
	server.set(true)
	w.mustPut(func() { w.AssociationID = "eipassoc-2" })
	want["AssociationId"], want["allocated"] = `"eipassoc-2"`, "true"
	if diff := cmp.Diff(want, server.row()); diff != "" || !w.Allocated {
		t.Errorf("the row after the server and the binder have written (- wanted, + got):\n%s", diff)
	}
	if err := w.put(func() { w.Phase = store.Releasing }); !errors.Is(err, store.ErrAllocated) {
		t.Errorf("releasing an acquired worker = %v, want ErrAllocated", err)
	}
	w.mustPut(func() { w.Draining = true })
	if row := server.row(); row != nil {
		t.Errorf("a draining worker has the row %v", row)
	}
	w.mustPut(func() { w.Draining = false })
	if diff := cmp.Diff(want, server.row()); diff != "" {
		t.Errorf("the row after draining (- wanted, + got):\n%s", diff)
	}
}

// A server that gives a draining worker back makes a row of nothing. What it
// says counts all the same, and the row goes with the worker.
func TestLegacyServerGivesBackADrainingWorker(t *testing.T) {
	w, server := newWorker(t)
	server.set(true)
	w.mustPut(func() { w.Draining = true })
	server.set(false)
	w.mustPut(func() { w.Phase = store.Releasing })
	if row := server.row(); row != nil || w.Allocated {
		t.Errorf("after the release the flag is %t and the row %v", w.Allocated, row)
	}
}

// A row of nothing that outlives a worker has no part in the next one's life.
func TestNextWorkerDoesNotInheritAFlag(t *testing.T) {
	w, server := newWorker(t)
	w.mustPut(func() { w.Phase = store.Releasing })
	w.mustPut(func() { w.Phase, w.InstanceID, w.Name = store.Free, "", "" })
	server.set(true)
	w.mustPut(func() { w.Phase, w.InstanceID, w.Name = store.Reserved, "i-2", "sfu.example.com." })
	w.mustPut(func() { w.Phase = store.Bound })
	if row := server.row(); row["allocated"] != "false" || row["InstanceId"] != `"i-2"` || w.Allocated {
		t.Errorf("the new worker's flag is %t, and its row is %v", w.Allocated, row)
	}
}

// A flag that is set between the binder's look and its write keeps the worker.
func TestFlagSetAtTheLastMoment(t *testing.T) {
	w, server := newWorker(t)
	between := &hooked{Client: server.client, before: func() { server.set(true) }}
	w.records = newStore(t, between, onFirstTables)
	if err := w.put(func() { w.Phase = store.Releasing }); !errors.Is(err, store.ErrAllocated) {
		t.Errorf("Put = %v, want ErrAllocated", err)
	}
	between.before = func() { server.set(false) }
	w.mustPut(func() { w.Draining = true })
	if w.Allocated {
		t.Error("the flag that was cleared at the last moment is hidden as set")
	}
}

// A row that is gone comes back with the next write.
func TestLostRowComesBack(t *testing.T) {
	w, server := newWorker(t)
	want := server.row()
	if _, err := server.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("records_1"), Key: server.key()}); err != nil {
		t.Fatal(err)
	}
	found, err := w.records.Get(t.Context(), store.ByInstance("i-1"))
	if err != nil || len(found) != 1 {
		t.Errorf("Get = %v, %v, want the record", found, err)
	}
	if err := w.records.Acquire(t.Context(), w.AllocationID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Acquire = %v, want ErrNotFound", err)
	}
	w.mustPut(func() {})
	if diff := cmp.Diff(want, server.row()); diff != "" {
		t.Errorf("the row (- wanted, + got):\n%s", diff)
	}
}

// A server that writes something else than a boolean has the worker.
func TestFlagOfAnotherType(t *testing.T) {
	w, server := newWorker(t)
	_, err := server.client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String("records_1"), Key: server.key(),
		UpdateExpression:          aws.String("SET allocated = :a"),
		ExpressionAttributeValues: item{":a": &types.AttributeValueMemberS{Value: "true"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.put(func() { w.Phase = store.Releasing }); !errors.Is(err, store.ErrAllocated) {
		t.Errorf("Put = %v, want ErrAllocated", err)
	}
	w.mustPut(func() { w.Phase, w.Forced = store.Releasing, true })
	if row := server.row(); row != nil {
		t.Errorf("a forced release leaves the row %v", slices.Collect(maps.Keys(row)))
	}
}
