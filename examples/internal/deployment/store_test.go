package deployment_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func TestStores(t *testing.T) {
	for _, test := range []struct {
		store, table string
		want         deployment.Store
		shown        string
	}{
		{"", "", deployment.Store{}, ""},
		{"", "records", inDynamoDB, "dynamodb"},
		{"dynamodb", "", inDynamoDB, "dynamodb"},
		{"sqlite:/var/lib/eipbinder/records.db", "", deployment.Store{Kind: deployment.SQLite, Location: "/var/lib/eipbinder/records.db"}, "sqlite:/var/lib/eipbinder/records.db"},
		{"postgres://me:sesame@db/x", "", deployment.Store{Kind: deployment.PostgreSQL, Location: "postgres://me:sesame@db/x"}, "postgres://me:xxxxx@db/x"},
		{"postgresql://db/x", "", deployment.Store{Kind: deployment.PostgreSQL, Location: "postgresql://db/x"}, "postgresql://db/x"},
	} {
		for _, variable := range []string{deployment.EnvRecordTable, deployment.EnvBindingTable} {
			c, err := deployment.FromEnv(env(deployment.EnvStore, test.store, variable, test.table))
			if err != nil || c.Store != test.want || c.Store.String() != test.shown {
				t.Errorf("%+v: %+v (%s), %v", test, c.Store, c.Store, err)
			}
		}
	}
	_, err := deployment.FromEnv(env(deployment.EnvStore, "sqlite:x.db", deployment.EnvBindingTable, "bindings"))
	if err == nil || !strings.HasPrefix(err.Error(), "EIPBINDER_BINDING_TABLE: is a table of DynamoDB, but the records are in sqlite: set it to nothing, or EIPBINDER_STORE") {
		t.Errorf("error %v", err)
	}
}

func TestDynamoStoreIsOnlyThat(t *testing.T) {
	for _, store := range []string{"", "dynamodb"} {
		c, err := deployment.FromEnv(env(deployment.EnvStore, store))
		if err != nil {
			t.Fatal(err)
		}
		if records, err := deployment.DynamoStore(c, aws.Config{Region: "eu-central-1"}); err != nil || records == nil {
			t.Errorf("%q: %v", store, err)
		}
	}
	c, err := deployment.FromEnv(env(deployment.EnvStore, "postgres://me:sesame@db/x"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = deployment.DynamoStore(c, aws.Config{})
	if err == nil || !strings.HasPrefix(err.Error(), "EIPBINDER_STORE: postgres://me:xxxxx@db/x is none for this program: set it to dynamodb") {
		t.Errorf("error %v", err)
	}
}
