package main

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

const (
	// timeout is enough for a batch of a storm, and for a sweep: one that does not
	// finish is gone on with by the next invocation.
	timeout = 120 // s
	// memory is ten times what the process needs. It is for the CPU that comes with
	// it, 0.29 of one: a new environment makes four TLS connections before it does
	// anything, and a batch reads the descriptions of all addresses of the account.
	memory = 512 // MB
	// concurrency is maxConcurrency, and ten for the HTTP API and the sweep: a storm
	// of events cannot shut them out, nor they the events. Ten answer a hundred requests
	// a second, which is more than the API lets pass.
	concurrency = maxConcurrency + 10
	// sweepMinutes is how long a lost event, or a pool that was dry, goes unnoticed.
	sweepMinutes = 2
)

func addLogGroup(stack awscdk.Stack) awslogs.CfnLogGroup {
	return awslogs.NewCfnLogGroup(stack, jsii.String("LogGroup"), &awslogs.CfnLogGroupProps{
		LogGroupName:    sub("/aws/lambda/${AWS::StackName}"),
		RetentionInDays: awscdk.Token_AsNumber(ref("LogRetentionDays")),
	})
}

// roleOf is the function's role with its policies.
type roleOf struct {
	role     awsiam.CfnRole
	policies []awsiam.CfnPolicy
}

func addRights(stack awscdk.Stack) roleOf {
	role := awsiam.NewCfnRole(stack, jsii.String("FunctionRole"), &awsiam.CfnRoleProps{
		AssumeRolePolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "lambda.amazonaws.com"},
		}}},
	})
	of := roleOf{role: role}
	for _, p := range policies() {
		made := awsiam.NewCfnPolicy(stack, &p.name, &awsiam.CfnPolicyProps{
			PolicyName: &p.name, PolicyDocument: p.document(), Roles: &[]*string{role.Ref()},
		})
		if p.when != "" {
			conditional(stack, made, p.when)
		}
		of.policies = append(of.policies, made)
	}
	return of
}

func addFunction(stack awscdk.Stack, rights roleOf, logs awslogs.CfnLogGroup, q queues) awslambda.CfnFunction {
	fn := awslambda.NewCfnFunction(stack, jsii.String("Function"), &awslambda.CfnFunctionProps{
		Description:   jsii.String("Binds Elastic IP addresses and DNS names to workers, and takes them back"),
		Runtime:       jsii.String("provided.al2023"),
		Architectures: jsii.Strings("arm64"),
		Handler:       jsii.String("bootstrap"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: ref("CodeBucket"), S3Key: ref("CodeKey")},
		Role:          rights.role.AttrArn(),
		Timeout:       jsii.Number(timeout),
		MemorySize:    jsii.Number(memory),
		ReservedConcurrentExecutions: awscdk.Token_AsNumber(
			awscdk.Fn_ConditionIf(jsii.String("Reserved"), concurrency, awscdk.Aws_NO_VALUE())),
		// As text, since what the function prints is JSON already, and metrics are
		// found in lines that are theirs alone.
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogGroup: logs.Ref(), LogFormat: jsii.String("Text")},
		Environment:   &awslambda.CfnFunction_EnvironmentProperty{Variables: environment(q)},
	})
	// The first invocation comes at once, and finds its rights; and its tables, since
	// the environment refers to them.
	for _, p := range rights.policies {
		if p.CfnOptions().Condition() == nil {
			fn.AddDependency(p)
		}
	}
	return fn
}

// environment is the configuration: package deployment says what it means.
func environment(q queues) map[string]any {
	return map[string]any{
		"EIPBINDER_STORE":          "dynamodb",
		"EIPBINDER_RECORD_TABLE":   choose("CreateRecords", ref("RecordTableOfWorkers"), ref("RecordTable")),
		"EIPBINDER_BINDING_TABLE":  choose("CreateBinding", ref("BindingTableOfBinder"), ref("BindingTable")),
		"EIPBINDER_BINDER_ID":      ref("BinderId"),
		"EIPBINDER_SUFFIX":         ref("Suffix"),
		"EIPBINDER_HOSTED_ZONE_ID": ref("HostedZoneId"),
		"EIPBINDER_POOL_TAGS": choose("TwoPoolTags",
			sub("${PoolTagKey}=${PoolTagValue},${PoolTagKey2}=${PoolTagValue2}"), sub("${PoolTagKey}=${PoolTagValue}")),
		// The cluster's tag is among them, since the function has no rights beyond it.
		"EIPBINDER_INSTANCE_TAGS": sub("${InstanceTags},${ClusterTagKey}=${ClusterTagValue}"),
		"EIPBINDER_POLICY":        ref("Policy"),
		"EIPBINDER_TTL":           ref("Ttl"),
		"EIPBINDER_KEEP_NAMES":    ref("KeepNames"),
		"EIPBINDER_REVERSE_NAMES": ref("ReverseNames"),
		// What internal/storm measures with: equal parts of EC2's quotas, few looks and few
		// DNS requests; and what waits for DNS is handed back, since a function is paid
		// for waiting.
		"EIPBINDER_SHARE":             strconv.FormatFloat(1.0/maxConcurrency, 'g', -1, 64),
		"EIPBINDER_LOOK_AGE":          "15s",
		"EIPBINDER_DNS_LINGER":        "5s",
		"EIPBINDER_DNS_POLL_INTERVAL": "10s",
		"EIPBINDER_DNS_WAIT":          "2s",
		"EIPBINDER_QUEUE_URL":         q.main.Ref(),
		"EIPBINDER_API_ACCOUNTS":      choose("Asked", awscdk.Aws_ACCOUNT_ID(), awscdk.Aws_NO_VALUE()),
		"EIPBINDER_API_ROLES":         ref("NodeRoles"),
		"EIPBINDER_API_OPERATORS":     ref("Operators"),
	}
}

// addSweep lets the schedule invoke the function, past the queue: a sweep must not
// wait behind events.
func addSweep(stack awscdk.Stack, fn awslambda.CfnFunction) {
	rule := awsevents.NewCfnRule(stack, jsii.String("Sweep"), &awsevents.CfnRuleProps{
		Description:        jsii.String("Sweeps: what events did not bring, and drift"),
		ScheduleExpression: jsii.String(fmt.Sprintf("rate(%d minutes)", sweepMinutes)),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Function"), Arn: fn.AttrArn(),
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(60), MaximumRetryAttempts: jsii.Number(0)},
		}},
	})
	awslambda.NewCfnPermission(stack, jsii.String("SweepPermission"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: fn.Ref(),
		Principal: jsii.String("events.amazonaws.com"), SourceArn: rule.AttrArn(),
	})
	// A sweep that failed, or had to wait, is overtaken by the next one.
	awslambda.NewCfnEventInvokeConfig(stack, jsii.String("SweepRetries"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: fn.Ref(), Qualifier: jsii.String("$LATEST"),
		MaximumEventAgeInSeconds: jsii.Number(60), MaximumRetryAttempts: jsii.Number(0),
	})
}
