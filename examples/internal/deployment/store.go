package deployment

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// Store says where the records are. The zero Store leaves that to the program.
type Store struct {
	Kind StoreKind
	// Location is SQLite's file or PostgreSQL's URL.
	Location string
}

// StoreKind is the kind of a store.
type StoreKind string

// The kinds.
const (
	DynamoDB   StoreKind = "dynamodb"
	SQLite     StoreKind = "sqlite"
	PostgreSQL StoreKind = "postgresql"
)

// String is the setting as it would be given, without a password.
func (s Store) String() string {
	switch s.Kind {
	case SQLite:
		return "sqlite:" + s.Location
	case PostgreSQL:
		if u, err := url.Parse(s.Location); err == nil {
			return u.Redacted()
		}
	}
	return string(s.Kind)
}

// DynamoStore returns the store in the configuration's tables. It does no I/O.
func DynamoStore(c Config, aws aws.Config) (*dynamostore.Store, error) {
	if c.Store.Kind != DynamoDB && c.Store.Kind != "" {
		return nil, fmt.Errorf("%s: %s is none for this program: set it to %s, or leave it out", EnvStore, c.Store, DynamoDB)
	}
	return dynamostore.New(dynamodb.NewFromConfig(aws), c.Tables)
}

// Tables changes the options of package dynamostore as the configuration says.
func (c Config) Tables(o *dynamostore.Options) {
	o.RecordTable, o.BindingTable = c.RecordTable, c.BindingTable
}

func storeOf(s string) (Store, error) {
	kind, location, _ := strings.Cut(s, ":")
	switch {
	case s == string(DynamoDB):
		return Store{Kind: DynamoDB}, nil
	case kind == "sqlite" && location != "":
		return Store{SQLite, location}, nil
	case strings.HasPrefix(location, "//") && (kind == "postgres" || kind == "postgresql"):
		if _, err := url.Parse(s); err != nil {
			return Store{}, errors.New("the URL is malformed") // its error would show the password
		}
		return Store{PostgreSQL, s}, nil
	}
	return Store{}, fmt.Errorf("there is no store %q", kind)
}

// store reads where the records are. Who names a table means DynamoDB.
func (r *reader) store(s scope) Config {
	c := Config{
		Store:        read(r, s, "store", one(storeOf)),
		RecordTable:  read(r, s, "recordTable", one(text)),
		BindingTable: read(r, s, "bindingTable", one(text)),
	}
	for _, key := range []string{"recordTable", "bindingTable"} {
		given, label, err := s.get(r.known[key])
		switch {
		case err != nil || len(given) == 0:
		case c.Store.Kind == "":
			c.Store.Kind = DynamoDB
		case c.Store.Kind != DynamoDB:
			r.fail(label, fmt.Errorf("is a table of DynamoDB, but the records are in %s", c.Store.Kind), "nothing, or "+s.label("store", EnvStore)+" to dynamodb")
		}
	}
	return c
}
