package dynamostore_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/eipbinder/eipbinder/store/dynamostore"
)

// account is a DynamoDB that knows of tables only.
type account map[string]*types.TableDescription

func (a account) CreateTable(_ context.Context, in *dynamodb.CreateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error) {
	if a[*in.TableName] != nil {
		return nil, &types.ResourceInUseException{}
	}
	a[*in.TableName] = &types.TableDescription{
		TableName: in.TableName, TableStatus: types.TableStatusActive,
		KeySchema: in.KeySchema, AttributeDefinitions: in.AttributeDefinitions,
	}
	return &dynamodb.CreateTableOutput{TableDescription: a[*in.TableName]}, nil
}

func (a account) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	if a[*in.TableName] == nil {
		return nil, &types.ResourceNotFoundException{}
	}
	return &dynamodb.DescribeTableOutput{Table: a[*in.TableName]}, nil
}

func ExampleCreateTables() {
	client := account{} // in a program: dynamodb.NewFromConfig(cfg)
	media := func(o *dynamostore.Options) { o.RecordTable, o.BindingTable = "media_records", "media_bindings" }
	for range 2 { // tables that exist are fine
		if err := dynamostore.CreateTables(context.Background(), client, media); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, name := range slices.Sorted(maps.Keys(client)) {
		fmt.Print(name, ":")
		for _, key := range client[name].KeySchema {
			fmt.Print(" ", *key.AttributeName)
		}
		fmt.Println()
	}
	// Output:
	// media_bindings: pk
	// media_records: EIP DNS_Record
}
