package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/sqlstore"
	"github.com/eipbinder/eipbinder/store/sqlstore/sqlitedb"
)

// opened is an open store.
type opened struct {
	store.Store
	where string // for people
	name  string // that all who reach it have for it; empty: it is a file, and says nothing
	close func() error
}

// openStore opens the store that the configuration names, or else the SQLite file
// of the Region, which is also the command line tool's. SQL tables are made, or
// brought to the newest schema.
func openStore(ctx context.Context, c deployment.Config, aws aws.Config, getenv func(string) string) (opened, error) {
	switch c.Store.Kind {
	case deployment.DynamoDB:
		records, err := deployment.DynamoStore(c, aws)
		where := fmt.Sprintf("dynamodb, tables %s and %s", c.RecordTable, c.BindingTable)
		return opened{records, where, "dynamodb/" + aws.Region + "/" + c.BindingTable, func() error { return nil }}, err
	case deployment.PostgreSQL:
		db, err := sql.Open("pgx", c.Store.Location)
		return migrated(ctx, db, err, sqlstore.PostgreSQL, c.Store)
	case deployment.SQLite:
	default:
		folder := getenv("XDG_DATA_HOME")
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(cmp.Or(getenv("HOME"), "/"), ".local", "share")
		}
		c.Store = deployment.Store{Kind: deployment.SQLite, Location: filepath.Join(folder, "eipbinder", aws.Region+".db")}
	}
	if err := os.MkdirAll(filepath.Dir(c.Store.Location), 0o700); err != nil {
		return opened{}, fmt.Errorf("%s: %w", deployment.EnvStore, err)
	}
	db, err := sqlitedb.Open(c.Store.Location)
	return migrated(ctx, db, err, sqlstore.SQLite, c.Store)
}

func migrated(ctx context.Context, db *sql.DB, err error, dialect sqlstore.Dialect, s deployment.Store) (opened, error) {
	if err != nil {
		return opened{}, fmt.Errorf("%s: %w", deployment.EnvStore, err)
	}
	records, err := sqlstore.New(db, dialect)
	if err == nil {
		err = records.Migrate(ctx)
	}
	if err != nil {
		return opened{}, fmt.Errorf("%s: %w", deployment.EnvStore, errors.Join(err, db.Close()))
	}
	return opened{records, s.String(), nameOf(s), db.Close}, nil
}

// nameOf is the name of a database, with what tells it from others on its server.
func nameOf(s deployment.Store) string {
	u, err := url.Parse(s.Location)
	if s.Kind != deployment.PostgreSQL || err != nil {
		return ""
	}
	name, more := "postgresql/"+u.Host+u.EscapedPath(), url.Values{}
	for _, key := range []string{"dbname", "host", "port", "search_path"} {
		if u.Query().Has(key) {
			more.Set(key, u.Query().Get(key))
		}
	}
	if len(more) > 0 {
		name += "?" + more.Encode()
	}
	return name
}
