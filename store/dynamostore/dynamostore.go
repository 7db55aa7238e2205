// Package dynamostore keeps the binder's records in Amazon DynamoDB, in two
// tables.
//
// The record table is what schedule servers read and pick workers from. It
// holds one item per visible record: partition key EIP (S, dotted), sort key
// DNS_Record (S, without trailing dot), AssociationId (S), allocated (BOOL),
// and more attributes (AllocationId, InstanceId, AvailabilityZone, BoundAt,
// BinderId, Tags) that a reader may ignore. The flag allocated is the
// servers': the binder never changes it while a worker stays with its
// address. A server should set it on the condition attribute_exists(EIP): an
// unconditional update of a row that has just gone makes a row of nothing,
// which Audit removes.
//
// The binding table is the binder's own: an item for each address, a guard
// item for each instance and name in use, so that none has two holders, and
// the pause switch. Each write is one transaction over both tables. The two
// belong together: no two binding tables may share a record table.
//
//	client := dynamodb.NewFromConfig(cfg)
//	records, err := dynamostore.New(client, func(o *dynamostore.Options) {
//		o.RecordTable, o.BindingTable = "media_records", "media_bindings"
//	})
//	if err != nil {
//		return err
//	}
//	if err := records.Check(ctx); err != nil {
//		return err // says which table is wrong, and how to mend it
//	}
//
// A Store is safe for concurrent use, by any number of processes.
package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/eipbinder/eipbinder/store"
)

var (
	_ store.Store    = (*Store)(nil)
	_ store.Registry = (*Store)(nil)
	_ store.Checker  = (*Store)(nil)
	_ Client         = (*dynamodb.Client)(nil)
)

// Client is what a Store needs of DynamoDB. [*dynamodb.Client] is one. Its own
// retries apply to throttled and failed calls; a Store retries only what the
// SDK does not: cancelled transactions and unprocessed keys.
type Client interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// Options changes what New makes.
type Options struct {
	// RecordTable is the name of the table that schedule servers read. Default
	// "record_table".
	RecordTable string
	// BindingTable is the name of the binder's own table. Default
	// "binding_table".
	BindingTable string
	// MaxAttempts is how often a transaction is tried that meets another one or
	// is throttled, and a batch read that is cut short. Default 10; at least 1.
	MaxAttempts int
	// RetryBase bounds the wait after the first attempt. The bound doubles with
	// each attempt, and the wait is a random part of it. Default 25 ms; zero
	// does not wait.
	RetryBase time.Duration
	// RetryMax is the highest bound. Default 1 s.
	RetryMax time.Duration
}

func resolve(optFns []func(*Options)) (Options, error) {
	opts := Options{
		RecordTable:  "record_table",
		BindingTable: "binding_table",
		MaxAttempts:  10,
		RetryBase:    25 * time.Millisecond,
		RetryMax:     time.Second,
	}
	for _, fn := range optFns {
		fn(&opts)
	}
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	require(opts.RecordTable != "", "Options.RecordTable is empty")
	require(opts.BindingTable != "", "Options.BindingTable is empty")
	require(opts.RecordTable == "" || opts.RecordTable != opts.BindingTable, "Options.RecordTable and Options.BindingTable name the same table")
	require(opts.MaxAttempts >= 1, "Options.MaxAttempts is less than 1")
	require(opts.RetryBase >= 0, "Options.RetryBase is negative")
	require(opts.RetryMax >= opts.RetryBase, "Options.RetryMax is less than Options.RetryBase")
	if len(errs) > 0 {
		return opts, fmt.Errorf("%w: dynamostore: %w", store.ErrInvalid, errors.Join(errs...))
	}
	return opts, nil
}

// Store implements [store.Store], [store.Registry], [store.Checker],
// [store.Pauser] and [store.Auditor]. Make one with [New].
type Store struct {
	client Client
	opts   Options
	known  sync.Map // the last record of each address, by its item's key: see recordOf
}

// New returns a Store on this client. It does no I/O: Check tells whether the
// tables will do.
func New(client Client, optFns ...func(*Options)) (*Store, error) {
	if client == nil {
		return nil, fmt.Errorf("%w: dynamostore: the client is nil", store.ErrInvalid)
	}
	opts, err := resolve(optFns)
	if err != nil {
		return nil, err
	}
	return &Store{client: client, opts: opts}, nil
}
