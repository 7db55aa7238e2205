package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// newStack adds the stack to the app. No name in it is a fixed one, but for the
// tables, so that an account and Region can have several.
func newStack(app awscdk.App, name string) awscdk.Stack {
	stack := awscdk.NewStack(app, &name, &awscdk.StackProps{
		Description: jsii.String("eipbinder: Elastic IP addresses and DNS names for Karpenter's workers"),
		// What is deployed by CloudFormation alone has nobody to bootstrap it.
		Synthesizer:        awscdk.NewBootstraplessSynthesizer(&awscdk.BootstraplessSynthesizerProps{}),
		AnalyticsReporting: jsii.Bool(false),
	})
	addParameters(stack)
	addTables(stack)
	q := addQueue(stack)
	logs := addLogGroup(stack)
	rights := addRights(stack)
	fn := addFunction(stack, rights[functionRole], logs, q)
	sweeper := addSweepFunction(stack, rights[sweepRole], logs)
	addSource(stack, fn, q)
	addSweep(stack, sweeper)
	addAPI(stack, fn)
	addNodePolicy(stack)
	addAlarms(stack, fn, sweeper, q)
	addDashboard(stack)
	for _, o := range []struct{ name, about, value string }{
		{"ApiEndpoint", "HTTP API: POST /v1/bind for workers, the rest for operators", *sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}")},
		{"QueueUrl", "Queue that events go through", *q.main.Ref()},
		{"DeadLetterQueueUrl", "Queue of what could not be done; the alarm DeadLetters watches it", *q.dead.Ref()},
		{"FunctionName", "Lambda function for batches, the HTTP API and operators, for aws lambda invoke", *fn.Ref()},
		{"SweepFunctionName", "Lambda function that sweeps, for aws lambda invoke", *sweeper.Ref()},
		{"LogGroupName", "Log group of both functions", *logs.Ref()},
		{"NodePolicyArn", "Policy for the workers' node role: to ask for a binding, and nothing else", *ref("NodePolicy")},
	} {
		awscdk.NewCfnOutput(stack, &o.name, &awscdk.CfnOutputProps{Description: &o.about, Value: &o.value})
	}
	return stack
}

// sub is the text with what CloudFormation puts in place of each ${Name}.
func sub(text string) *string { return awscdk.Fn_Sub(&text, nil) }

func ref(name string) *string { return awscdk.Fn_Ref(&name) }

// choose is one text or another, by a condition.
func choose(condition string, yes, no any) *string {
	return awscdk.Token_AsString(awscdk.Fn_ConditionIf(&condition, yes, no), nil)
}
