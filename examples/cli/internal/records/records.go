// Package records opens the store that a configuration names: DynamoDB,
// PostgreSQL or embedded SQLite, which is the default where nothing is named:
//
//	source := records.Source{Getenv: os.Getenv, AWS: loadAWS}
//	opened, err := source.Open(ctx, config)
//	if err != nil {
//		return err
//	}
//	defer opened.Close()
//
// It has no state: everything may be called from several goroutines.
package records

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/dynamostore"
	"github.com/eipbinder/eipbinder/store/sqlstore"
	"github.com/eipbinder/eipbinder/store/sqlstore/sqlitedb"
)

// ErrNoTables: a SQL database does not have the tables that this program needs.
var ErrNoTables = errors.New("make the tables of the records with eipbinder tables create")

// Source is what stores are opened with.
type Source struct {
	Getenv func(string) string
	// AWS returns a configuration with a Region. It is called only for DynamoDB,
	// and where no store is named.
	AWS func(context.Context) (aws.Config, error)
}

// Opened is an open store.
type Opened struct {
	Store store.Store
	Where string // for people
	Close func() error
}

// Open opens the store, which must have its tables, at the newest schema if they
// are in a SQL database; else it is ErrNoTables. Whether they are in DynamoDB,
// only the store's Check tells.
func (s Source) Open(ctx context.Context, c deployment.Config) (Opened, error) {
	c, cfg, err := s.place(ctx, c)
	if err != nil {
		return Opened{}, err
	}
	if c.Store.Kind == deployment.DynamoDB {
		records, err := deployment.DynamoStore(c, cfg)
		return Opened{records, where(c), func() error { return nil }}, err
	}
	if c.Store.Kind == deployment.SQLite {
		if _, err := os.Stat(c.Store.Location); errors.Is(err, fs.ErrNotExist) {
			return Opened{}, fmt.Errorf("%w: %w", ErrNoTables, err)
		}
	}
	records, db, err := connect(c.Store)
	if err != nil {
		return Opened{}, err
	}
	if err := records.Check(ctx); err != nil {
		if errors.Is(err, store.ErrInvalid) {
			err = fmt.Errorf("%w: %s: %w", ErrNoTables, where(c), err)
		}
		return Opened{}, errors.Join(err, db.Close())
	}
	return Opened{records, where(c), db.Close}, nil
}

// Create makes the store's tables, unless they are there, or brings them to the
// newest schema, and says where they are.
func (s Source) Create(ctx context.Context, c deployment.Config) (string, error) {
	c, cfg, err := s.place(ctx, c)
	if err != nil {
		return "", err
	}
	if c.Store.Kind == deployment.DynamoDB {
		return where(c), dynamostore.CreateTables(ctx, dynamodb.NewFromConfig(cfg), c.Tables)
	}
	if c.Store.Kind == deployment.SQLite {
		if err := os.MkdirAll(filepath.Dir(c.Store.Location), 0o700); err != nil {
			return "", err
		}
	}
	records, db, err := connect(c.Store)
	if err != nil {
		return "", err
	}
	return where(c), errors.Join(records.Migrate(ctx), db.Close())
}

// place decides on a store where none is named: a file of its own for each
// Region, since records say what is bound in one.
func (s Source) place(ctx context.Context, c deployment.Config) (deployment.Config, aws.Config, error) {
	if c.Store.Kind == deployment.SQLite || c.Store.Kind == deployment.PostgreSQL {
		return c, aws.Config{}, nil
	}
	cfg, err := s.AWS(ctx)
	if err != nil || c.Store.Kind == deployment.DynamoDB {
		return c, cfg, err
	}
	data := s.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // as its specification has it
		home, err := os.UserHomeDir()
		if err != nil {
			return c, cfg, fmt.Errorf("%w: %s is not set, and there is no place for a default: %w", store.ErrInvalid, deployment.EnvStore, err)
		}
		data = filepath.Join(home, ".local", "share")
	}
	c.Store = deployment.Store{Kind: deployment.SQLite, Location: filepath.Join(data, "eipbinder", cfg.Region+".db")}
	return c, cfg, nil
}

func where(c deployment.Config) string {
	if c.Store.Kind == deployment.DynamoDB {
		return fmt.Sprintf("dynamodb, tables %s and %s", c.RecordTable, c.BindingTable)
	}
	return c.Store.String()
}

func connect(s deployment.Store) (*sqlstore.Store, *sql.DB, error) {
	open, dialect := sqlitedb.Open, sqlstore.SQLite
	if s.Kind == deployment.PostgreSQL {
		open, dialect = func(url string) (*sql.DB, error) { return sql.Open("pgx", url) }, sqlstore.PostgreSQL
	}
	db, err := open(s.Location)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", store.ErrInvalid, err)
	}
	records, err := sqlstore.New(db, dialect)
	return records, db, err
}
