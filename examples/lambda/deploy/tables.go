package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"
)

// addTables adds both tables, as dynamostore.CreateTables makes them. They outlive
// the stack: what they say is needed to take anything back.
func addTables(stack awscdk.Stack) {
	addTable(stack, "RecordTableOfWorkers", "CreateRecords", "RecordTable", "EIP", "DNS_Record")
	addTable(stack, "BindingTableOfBinder", "CreateBinding", "BindingTable", "pk")
}

func addTable(stack awscdk.Stack, id, condition, name string, key ...string) {
	kinds := []string{"HASH", "RANGE"}
	var schema, attributes []any
	for n, attribute := range key {
		schema = append(schema, &awsdynamodb.CfnTable_KeySchemaProperty{AttributeName: &attribute, KeyType: &kinds[n]})
		attributes = append(attributes, &awsdynamodb.CfnTable_AttributeDefinitionProperty{AttributeName: &attribute, AttributeType: jsii.String("S")})
	}
	table := awsdynamodb.NewCfnTable(stack, &id, &awsdynamodb.CfnTableProps{
		TableName:                 ref(name),
		KeySchema:                 schema,
		AttributeDefinitions:      attributes,
		BillingMode:               jsii.String("PAY_PER_REQUEST"),
		DeletionProtectionEnabled: true,
		PointInTimeRecoverySpecification: &awsdynamodb.CfnTable_PointInTimeRecoverySpecificationProperty{
			PointInTimeRecoveryEnabled: true,
		},
	})
	table.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	conditional(stack, table, condition)
}

// conditional makes the stack have the resource only under the condition.
func conditional(stack awscdk.Stack, resource awscdk.CfnResource, condition string) {
	resource.CfnOptions().SetCondition(stack.Node().FindChild(&condition).(awscdk.CfnCondition))
}
