package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

const (
	// batchSize, batchWindow, maxConcurrency and maxReceives are those with which
	// internal/storm measures a function for batches. There are few batches at once,
	// each with its part of EC2's quotas; more of them would only wait. A message that
	// waits for DNS is received several times before it is done.
	batchSize      = 20
	batchWindow    = 1 // s
	maxConcurrency = 5
	maxReceives    = 20
	// visibility is AWS's advice for event sources: six times the function's
	// timeout, and the window.
	visibility = 6*timeout + batchWindow // s

	day = 24 * 60 * 60 // s
)

type queues struct{ main, dead awssqs.CfnQueue }

// addQueue adds the way of an event to the function: rule, queue, dead-letter
// queue. A queue takes a storm that invocations by EventBridge would not.
func addQueue(stack awscdk.Stack) queues {
	dead := awssqs.NewCfnQueue(stack, jsii.String("DeadLetterQueue"), &awssqs.CfnQueueProps{
		MessageRetentionPeriod: jsii.Number(14 * day), // the longest there is: somebody has to look
		SqsManagedSseEnabled:   true,
	})
	main := awssqs.NewCfnQueue(stack, jsii.String("Queue"), &awssqs.CfnQueueProps{
		// Longer than maxReceives deliveries take; the sweep does by then what is left.
		MessageRetentionPeriod: jsii.Number(day),
		VisibilityTimeout:      jsii.Number(visibility),
		SqsManagedSseEnabled:   true,
		RedrivePolicy:          map[string]any{"deadLetterTargetArn": dead.AttrArn(), "maxReceiveCount": maxReceives},
	})
	rule := awsevents.NewCfnRule(stack, jsii.String("InstanceEvents"), &awsevents.CfnRuleProps{
		Description: jsii.String("Every state of every instance, and what EC2 says before it takes a Spot instance"),
		EventPattern: map[string]any{
			"source": []string{"aws.ec2"},
			// An event has no tags of its instance: the function asks for them.
			"detail-type": []string{
				"EC2 Instance State-change Notification",
				"EC2 Spot Instance Interruption Warning",
				"EC2 Instance Rebalance Recommendation",
			},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("Queue"), Arn: main.AttrArn()}},
	})
	awssqs.NewCfnQueuePolicy(stack, jsii.String("QueuePolicy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{main.Ref()},
		PolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Sid": "InstanceEvents", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": main.AttrArn(),
			"Principal": map[string]any{"Service": "events.amazonaws.com"},
			"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule.AttrArn()}},
		}}},
	})
	return queues{main, dead}
}

// addSource lets the function take batches from the queue.
func addSource(stack awscdk.Stack, fn awslambda.CfnFunction, q queues) {
	awslambda.NewCfnEventSourceMapping(stack, jsii.String("QueueSource"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:                   fn.Ref(),
		EventSourceArn:                 q.main.AttrArn(),
		BatchSize:                      jsii.Number(batchSize),
		MaximumBatchingWindowInSeconds: jsii.Number(batchWindow),
		FunctionResponseTypes:          jsii.Strings("ReportBatchItemFailures"),
		// Without a maximum, Lambda would take batches that the reserved concurrency
		// has no room for, and each refusal would count as a delivery.
		ScalingConfig: &awslambda.CfnEventSourceMapping_ScalingConfigProperty{MaximumConcurrency: jsii.Number(maxConcurrency)},
	})
}
