package main

import (
	"maps"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

const (
	// timeout is enough for a batch of a storm.
	timeout = 120 // s
	// memory is ten times what the process needs. It is for the CPU that comes with
	// it, 0.29 of one: a new environment makes four TLS connections before it does
	// anything, and a batch reads the descriptions of all addresses of the account.
	memory = 512 // MB
	// concurrency is maxConcurrency, and nine for the HTTP API and operators: a storm
	// of events cannot shut them out, nor they the events. Nine answer ninety requests
	// a second, which is more than the API lets pass.
	concurrency = maxConcurrency + 9
)

func addLogGroup(stack awscdk.Stack) awslogs.CfnLogGroup {
	return awslogs.NewCfnLogGroup(stack, jsii.String("LogGroup"), &awslogs.CfnLogGroupProps{
		LogGroupName:    sub("/aws/lambda/${AWS::StackName}"),
		RetentionInDays: awscdk.Token_AsNumber(ref("LogRetentionDays")),
	})
}

// function is what the two functions of the stack differ in.
type function struct {
	id, about            string
	rights               *roleOf
	timeout, concurrency int
	// settings are beside those of both.
	settings map[string]any
}

// addFunction adds the function for batches and the HTTP API.
func addFunction(stack awscdk.Stack, rights *roleOf, logs awslogs.CfnLogGroup, q queues) awslambda.CfnFunction {
	return function{
		id: "Function", about: "Binds Elastic IP addresses and DNS names to workers, and takes them back",
		rights: rights, timeout: timeout, concurrency: concurrency,
		settings: map[string]any{
			// Equal parts of EC2's quotas; and what waits for DNS is handed back, since a
			// function is paid for waiting, and its batch may have others to bind.
			"EIPBINDER_SHARE":         strconv.FormatFloat(1.0/maxConcurrency, 'g', -1, 64),
			"EIPBINDER_DNS_WAIT":      "2s",
			"EIPBINDER_QUEUE_URL":     q.main.Ref(),
			"EIPBINDER_API_ACCOUNTS":  choose("Asked", awscdk.Aws_ACCOUNT_ID(), awscdk.Aws_NO_VALUE()),
			"EIPBINDER_API_ROLES":     ref("NodeRoles"),
			"EIPBINDER_API_OPERATORS": ref("Operators"),
		},
	}.add(stack, logs)
}

func (f function) add(stack awscdk.Stack, logs awslogs.CfnLogGroup) awslambda.CfnFunction {
	variables := settings()
	maps.Copy(variables, f.settings)
	fn := awslambda.NewCfnFunction(stack, &f.id, &awslambda.CfnFunctionProps{
		Description:   &f.about,
		Runtime:       jsii.String("provided.al2023"),
		Architectures: jsii.Strings("arm64"),
		Handler:       jsii.String("bootstrap"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: ref("CodeBucket"), S3Key: ref("CodeKey")},
		Role:          f.rights.role.AttrArn(),
		Timeout:       jsii.Number(f.timeout),
		MemorySize:    jsii.Number(memory),
		ReservedConcurrentExecutions: awscdk.Token_AsNumber(
			awscdk.Fn_ConditionIf(jsii.String("Reserved"), f.concurrency, awscdk.Aws_NO_VALUE())),
		// As text, since what the function prints is JSON already, and metrics are
		// found in lines that are theirs alone. Both functions have one log: the names
		// of its streams say whose they are.
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: logs.Ref(), LogFormat: jsii.String("Text")},
		Environment:   &awslambda.CfnFunction_EnvironmentProperty{Variables: variables},
	})
	// The first invocation comes at once, and finds its rights; and its tables, since
	// the environment refers to them.
	for _, p := range f.rights.policies {
		if p.CfnOptions().Condition() == nil {
			fn.AddDependency(p)
		}
	}
	return fn
}

// settings are those that both functions have: package deployment says what they
// mean.
func settings() map[string]any {
	return map[string]any{
		"EIPBINDER_STORE":          "dynamodb",
		"EIPBINDER_RECORD_TABLE":   choose("CreateRecords", ref("RecordTableOfWorkers"), ref("RecordTable")),
		"EIPBINDER_BINDING_TABLE":  choose("CreateBinding", ref("BindingTableOfBinder"), ref("BindingTable")),
		"EIPBINDER_BINDER_ID":      ref("BinderId"),
		"EIPBINDER_SUFFIX":         ref("Suffix"),
		"EIPBINDER_HOSTED_ZONE_ID": ref("HostedZoneId"),
		"EIPBINDER_POOL_TAGS": choose("TwoPoolTags",
			sub("${PoolTagKey}=${PoolTagValue},${PoolTagKey2}=${PoolTagValue2}"), sub("${PoolTagKey}=${PoolTagValue}")),
		// The cluster's tag is among them, since the functions have no rights beyond it.
		"EIPBINDER_INSTANCE_TAGS": sub("${InstanceTags},${ClusterTagKey}=${ClusterTagValue}"),
		"EIPBINDER_POLICY":        ref("Policy"),
		"EIPBINDER_TTL":           ref("Ttl"),
		"EIPBINDER_KEEP_NAMES":    ref("KeepNames"),
		"EIPBINDER_REVERSE_NAMES": ref("ReverseNames"),
		// Few DNS requests; these and those of each function are what
		// internal/storm measures with.
		"EIPBINDER_DNS_LINGER":        "5s",
		"EIPBINDER_DNS_POLL_INTERVAL": "10s",
	}
}
