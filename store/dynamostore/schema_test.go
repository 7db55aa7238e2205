package dynamostore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/internal/parts"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// onFirstTables names the tables that the first store of a test has.
func onFirstTables(o *dynamostore.Options) { o.RecordTable, o.BindingTable = "records_1", "bindings_1" }

func TestCheckAndCreateTables(t *testing.T) {
	client := newStores(parts.Dynoxide(t)).client
	records := newStore(t, client)
	checkSays(t, records, `Options.RecordTable: table "record_table" does not exist`, `Options.BindingTable: table "binding_table" does not exist`)
	for range 2 { // tables that exist are fine
		if err := dynamostore.CreateTables(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if err := records.Check(t.Context()); err != nil {
			t.Errorf("Check of new tables: %v", err)
		}
	}
	swapped := func(o *dynamostore.Options) { o.RecordTable, o.BindingTable = "binding_table", "record_table" }
	checkSays(t, newStore(t, client, swapped), `Options.RecordTable: table "binding_table" must have the key ["EIP" "DNS_Record"]`,
		`Options.BindingTable: table "record_table" must have the key ["pk"]`)
	if err := dynamostore.CreateTables(t.Context(), client, swapped); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("CreateTables over tables with another schema = %v, want ErrInvalid", err)
	}
}

func checkSays(t *testing.T, records *dynamostore.Store, wants ...string) {
	t.Helper()
	err := records.Check(t.Context())
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Check = %v, want ErrInvalid", err)
		return
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Check = %q, which does not say %q", err, want)
		}
	}
}

func TestCheckOfAKeyOfAnotherType(t *testing.T) {
	client := newStores(parts.Dynoxide(t)).client
	if err := dynamostore.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("numbers"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(o *dynamostore.Options) { o.BindingTable = "numbers" }
	checkSays(t, newStore(t, client, numbers), `Options.BindingTable: table "numbers" must have the key ["pk"], all strings`)
}
