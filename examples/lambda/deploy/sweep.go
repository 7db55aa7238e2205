package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

const (
	// sweepSchedule is how long a lost event, or a pool that was dry, goes unnoticed.
	// As in internal/storm.
	sweepSchedule = "rate(1 minute)"
	// sweepTimeout is the time until the next sweep. EIPBINDER_DNS_WAIT, two minutes,
	// may be longer: a sweep waits for DNS as long as it may, and the next one goes on
	// with what was not in sync. In a storm of 1,000 launches with names of instances, a
	// sweep that waits for all of its names is late for those workers whose events are
	// lost: the last one was usable up to 20 s later.
	sweepTimeout = 60 // s
	// sweepConcurrency is one: a sweep beside another does nothing that the other does
	// not do, and both would have a half of the quotas.
	sweepConcurrency = 1
)

// addSweepFunction adds the function that sweeps: the same program with another part
// of the quotas. With that of a batch it would be too slow for the workers whose
// events were lost, who are what is left at the end of a storm.
func addSweepFunction(stack awscdk.Stack, rights *roleOf, logs awslogs.CfnLogGroup) awslambda.CfnFunction {
	return function{
		id: "SweepFunction", about: "Sweeps: does what events did not bring, and repairs drift",
		rights: rights, timeout: sweepTimeout, concurrency: sweepConcurrency,
		settings: map[string]any{
			// Beside the batches' parts, and not one of them: it works for a part of each
			// minute, and who is throttled meanwhile slows down.
			"EIPBINDER_SHARE": "0.5",
		},
	}.add(stack, logs)
}

// addSweep lets the schedule invoke the function, past the queue: a sweep must not
// wait behind events.
func addSweep(stack awscdk.Stack, fn awslambda.CfnFunction) {
	rule := awsevents.NewCfnRule(stack, jsii.String("Sweep"), &awsevents.CfnRuleProps{
		Description:        jsii.String("Sweeps: what events did not bring, and drift"),
		ScheduleExpression: jsii.String(sweepSchedule),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("SweepFunction"), Arn: fn.AttrArn(),
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(60), MaximumRetryAttempts: jsii.Number(0)},
		}},
	})
	awslambda.NewCfnPermission(stack, jsii.String("SweepPermission"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: fn.Ref(),
		Principal: jsii.String("events.amazonaws.com"), SourceArn: rule.AttrArn(),
	})
	// A sweep that failed is overtaken by the next one; one that finds another at work
	// waits for it for a minute, and is then left out.
	awslambda.NewCfnEventInvokeConfig(stack, jsii.String("SweepRetries"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: fn.Ref(), Qualifier: jsii.String("$LATEST"),
		MaximumEventAgeInSeconds: jsii.Number(60), MaximumRetryAttempts: jsii.Number(0),
	})
}
