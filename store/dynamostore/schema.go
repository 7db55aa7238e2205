package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store"
)

// CreateClient is what CreateTables needs of DynamoDB.
type CreateClient interface {
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// createWait bounds the wait for a new table, which usually takes seconds.
const createWait = 5 * time.Minute

// table is one of the two tables: the option that names it and its key, the
// partition key first. All key attributes are strings.
type table struct {
	option, name string
	key          []string
}

func (o Options) tables() []table {
	return []table{
		{"RecordTable", o.RecordTable, []string{attrEIP, attrDNS}},
		{"BindingTable", o.BindingTable, []string{attrKey}},
	}
}

// CreateTables creates the tables that the options name, with on-demand
// billing, and waits until they are active. Tables that exist are left as they
// are; with another schema they are ErrInvalid.
func CreateTables(ctx context.Context, client CreateClient, optFns ...func(*Options)) error {
	opts, err := resolve(optFns)
	if err != nil {
		return err
	}
	for _, t := range opts.tables() {
		if err := t.create(ctx, client); err != nil {
			return err
		}
	}
	for _, t := range opts.tables() {
		in := &dynamodb.DescribeTableInput{TableName: &t.name}
		fast := func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = time.Second, 5*time.Second }
		if err := dynamodb.NewTableExistsWaiter(client, fast).Wait(ctx, in, createWait); err != nil {
			return wrap(ctx, "waiting for table "+t.name, err)
		}
		if err := t.check(ctx, client); err != nil {
			return err
		}
	}
	return nil
}

func (t table) create(ctx context.Context, client CreateClient) error {
	in := &dynamodb.CreateTableInput{TableName: &t.name, BillingMode: types.BillingModePayPerRequest}
	kinds := []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}
	for n, attribute := range t.key {
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &attribute, KeyType: kinds[n]})
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &attribute, AttributeType: types.ScalarAttributeTypeS})
	}
	_, err := client.CreateTable(ctx, in)
	var exists *types.ResourceInUseException
	if errors.As(err, &exists) {
		return nil
	}
	return wrap(ctx, "CreateTable "+t.name, err)
}

// Check implements [store.Checker]. Its error names the option and the table.
func (s *Store) Check(ctx context.Context) error {
	var errs []error
	for _, t := range s.opts.tables() {
		if err := t.check(ctx, s.client); err != nil {
			errs = append(errs, err)
			continue
		}
		key := item{}
		for _, attribute := range t.key {
			key[attribute] = text("check")
		}
		if _, err := s.batchGet(ctx, t.name, []item{key}); err != nil {
			errs = append(errs, fmt.Errorf("dynamostore: Options.%s: %w", t.option, err))
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(errs...)
}

func (t table) check(ctx context.Context, client dynamodb.DescribeTableAPIClient) error {
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return t.invalid(err, "does not exist in this account and Region; create it with dynamostore.CreateTables")
	}
	if err != nil {
		return fmt.Errorf("dynamostore: Options.%s: %w", t.option, wrap(ctx, "DescribeTable "+t.name, err))
	}
	// A table that is UPDATING (its capacity, say) serves all calls.
	if status := out.Table.TableStatus; status != types.TableStatusActive && status != types.TableStatusUpdating {
		return t.invalid(nil, fmt.Sprintf("is %s; wait until it is ACTIVE", status))
	}
	if !t.fits(out.Table) {
		return t.invalid(nil, fmt.Sprintf("must have the key %q, all strings, partition key first; use another table", t.key))
	}
	return nil
}

func (t table) invalid(cause error, what string) error {
	err := fmt.Errorf("%w: Options.%s: table %q %s", store.ErrInvalid, t.option, t.name, what)
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

func (t table) fits(d *types.TableDescription) bool {
	var key []string
	for _, kind := range []types.KeyType{types.KeyTypeHash, types.KeyTypeRange} {
		for _, element := range d.KeySchema {
			if element.KeyType == kind {
				key = append(key, *element.AttributeName)
			}
		}
	}
	return slices.Equal(key, t.key) && !slices.ContainsFunc(d.AttributeDefinitions, func(a types.AttributeDefinition) bool {
		return slices.Contains(t.key, *a.AttributeName) && a.AttributeType != types.ScalarAttributeTypeS
	})
}
