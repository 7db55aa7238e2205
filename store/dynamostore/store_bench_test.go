package dynamostore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

const (
	benchWorkers = 8
	perWorker    = 50 // records in a round
)

// recording keeps the transactions that go through it.
type recording struct {
	dynamostore.Client
	made []*dynamodb.TransactWriteItemsInput
}

func (c *recording) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, optFns ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	c.made = append(c.made, in)
	return c.Client.TransactWriteItems(ctx, in, optFns...)
}

// tablesOf makes the tables of a round.
func tablesOf(b *testing.B, client *dynamodb.Client, name string) func(*dynamostore.Options) {
	b.Helper()
	names := func(o *dynamostore.Options) { o.RecordTable, o.BindingTable = "records_"+name, "bindings_"+name }
	if err := dynamostore.CreateTables(b.Context(), client, names); err != nil {
		b.Fatal(err)
	}
	return names
}

// BenchmarkBind writes records as bindings do, first Reserved and then Bound,
// with eight workers. Beside it, in the same round, the very same transactions
// are made without a store: times-bare is how many times longer the store takes.
func BenchmarkBind(b *testing.B) {
	client := newStores(parts.Dynoxide(b)).client
	var stored, bare time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		names, others := tablesOf(b, client, fmt.Sprint("stored_", rounds)), tablesOf(b, client, fmt.Sprint("bare_", rounds))
		rounds++
		clients := make([]*recording, benchWorkers)
		for w := range clients {
			clients[w] = &recording{Client: client}
		}
		b.StartTimer()
		stored += together(func(w int) { bind(b, clients[w], names, w) })
		b.StopTimer()
		for _, c := range clients {
			moveTo(c.made, names, others)
		}
		bare += together(func(w int) { repeat(b, client, clients[w].made) })
		b.StartTimer()
	}
	records := float64(rounds * benchWorkers * perWorker)
	b.ReportMetric(records/stored.Seconds(), "records/s")
	b.ReportMetric(records/bare.Seconds(), "bare-records/s")
	b.ReportMetric(stored.Seconds()/bare.Seconds(), "times-bare")
}

// together runs the workers at the same time, and returns how long that takes.
func together(work func(worker int)) time.Duration {
	start := time.Now()
	var group sync.WaitGroup
	for w := range benchWorkers {
		group.Go(func() { work(w) })
	}
	group.Wait()
	return time.Since(start)
}

func bind(b *testing.B, client dynamostore.Client, names func(*dynamostore.Options), worker int) {
	s, err := dynamostore.New(client, names)
	if err != nil {
		b.Error(err)
		return
	}
	for n := range perWorker {
		id := fmt.Sprintf("%d-%d", worker, n)
		r := store.Record{
			AllocationID: "eipalloc-" + id, IP: netip.AddrFrom4([4]byte{203, 0, byte(worker), byte(n)}), BinderID: "eipbinder",
			Phase: store.Reserved, WriteID: rand.Text(), InstanceID: "i-" + id, NetworkInterfaceID: "eni-" + id, Name: "i-" + id + ".example.com.",
			RRSets: []store.RRSet{{Name: "i-" + id + ".example.com.", Type: "A", TTL: time.Minute, Values: []string{"203.0.113.7"}}},
		}
		reserved, err := s.Put(b.Context(), r)
		if err != nil {
			b.Error(err)
			return
		}
		reserved.Phase, reserved.WriteID, reserved.AssociationID, reserved.InSync = store.Bound, rand.Text(), "eipassoc-"+id, true
		if _, err := s.Put(b.Context(), reserved); err != nil {
			b.Error(err)
			return
		}
	}
}

// repeat makes the transactions again.
func repeat(b *testing.B, client *dynamodb.Client, made []*dynamodb.TransactWriteItemsInput) {
	for _, in := range made {
		if _, err := client.TransactWriteItems(b.Context(), in); err != nil {
			b.Error(err)
			return
		}
	}
}

// moveTo makes the transactions ones of other tables.
func moveTo(made []*dynamodb.TransactWriteItemsInput, from, to func(*dynamostore.Options)) {
	var old, other dynamostore.Options
	from(&old)
	to(&other)
	for _, in := range made {
		in.ClientRequestToken = aws.String(rand.Text())
		for _, w := range in.TransactItems {
			table := tableOf(w)
			if **table == old.BindingTable {
				*table = &other.BindingTable
			} else {
				*table = &other.RecordTable
			}
		}
	}
}

// tableOf returns where a write of a new binding has its table.
func tableOf(w types.TransactWriteItem) **string {
	if w.Put != nil {
		return &w.Put.TableName
	}
	return &w.Update.TableName
}
