package dynamostore_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
	"github.com/eipbinder/eipbinder/store/storetest"
)

func TestContractOverDynoxide(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	storetest.Run(t, stores.new)
}

// The contract holds whatever goes wrong between the store and DynamoDB.
func TestContractWithFaults(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	storetest.Run(t, func(t *testing.T) store.Store { return stores.with(t, &faulty{Client: stores.client}) })
}

func TestContractWithLostReplies(t *testing.T) {
	stores := newStores(parts.Dynoxide(t))
	storetest.Run(t, func(t *testing.T) store.Store { return stores.with(t, repeating{stores.client}) })
}

func TestContractOverMoto(t *testing.T) {
	stores := newStores(parts.Moto(t))
	const race = "moto 5.2.1 lets several of the transactions that run at the same time win"
	storetest.Run(t, stores.new, func(o *storetest.Options) {
		o.Exclude = map[string]string{
			"race-for-version":  race,
			"race-to-create":    race,
			"race-for-instance": race,
			"race-for-name":     race,
			"acquire-race":      race,
		}
	})
}

// stores makes empty stores in one DynamoDB, each with tables of its own.
type stores struct {
	client *dynamodb.Client
	count  atomic.Int64
}

func newStores(endpoint string) *stores {
	return &stores{client: dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	})}
}

func (s *stores) new(t *testing.T) store.Store { return s.with(t, s.client) }

// with returns a store that calls DynamoDB through another client.
func (s *stores) with(t *testing.T, client dynamostore.Client) *dynamostore.Store {
	t.Helper()
	n := s.count.Add(1)
	names := func(o *dynamostore.Options) {
		o.RecordTable, o.BindingTable = fmt.Sprintf("records_%d", n), fmt.Sprintf("bindings_%d", n)
		o.RetryBase, o.RetryMax = time.Nanosecond, time.Nanosecond
	}
	if err := dynamostore.CreateTables(t.Context(), s.client, names); err != nil {
		t.Fatal(err)
	}
	records, err := dynamostore.New(client, names)
	if err != nil {
		t.Fatal(err)
	}
	return records
}
