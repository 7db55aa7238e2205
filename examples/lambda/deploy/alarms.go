package main

import (
	"cmp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// metric is one of CloudWatch's, with its only dimension.
type metric struct {
	namespace, name, statistic string
	dimension                  string
	of                         *string
}

// own is one of the metrics that the functions print.
func own(name, statistic string) metric {
	return metric{"eipbinder", name, statistic, "BinderID", ref("BinderId")}
}

// alarm goes off if the metric is beyond the threshold.
type alarm struct {
	name, about string
	metric      metric
	comparison  string
	threshold   *float64
	periods     float64 // of five minutes
	missing     string  // what no data means; empty: that all is well
}

func addAlarms(stack awscdk.Stack, fn, sweeper awslambda.CfnFunction, q queues) {
	of := func(fn awslambda.CfnFunction, name string) metric {
		return metric{"AWS/Lambda", name, "Sum", "FunctionName", fn.Ref()}
	}
	const above, below = "GreaterThanThreshold", "LessThanThreshold"
	for _, a := range []alarm{
		{"DeadLetters", "Events that could not be done. Look at the messages, mend the cause, and start a redrive; sweeps have gone on meanwhile.",
			metric{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "QueueName", q.dead.AttrQueueName()}, above, jsii.Number(0), 1, ""},
		{"PoolNearlyDry", "Few addresses are free: buy and tag more before workers go without.",
			own("PoolFree", "Minimum"), below, awscdk.Token_AsNumber(ref("PoolFreeAlarm")), 1, ""},
		{"NoSweep", "No sweep has run for a quarter of an hour: the sweep function does not start, or its schedule is off. The log says why.",
			own("PoolFree", "SampleCount"), below, jsii.Number(1), 3, "breaching"},
		// Drift that lasts. What a single sweep finds may be nothing: it reads the cloud
		// before the records, and a worker that ends in between looks like drift.
		{"DriftFound", "Sweeps find what is not as recorded, for a quarter of an hour, and cannot repair it: a person has to. The log says what.",
			own("DriftFound", "Maximum"), above, jsii.Number(0), 3, ""},
		// Drift that does not last, since it was repaired: a sweep does so within minutes.
		{"DriftRepaired", "A binding was repaired whose association or name had gone: somebody else changes addresses or names. The log says what.",
			own("DriftRepaired", "Sum"), above, jsii.Number(0), 1, ""},
		{"FunctionErrors", "The function fails: the log says why.",
			of(fn, "Errors"), above, jsii.Number(0), 2, ""},
		{"FunctionThrottles", "Lambda has no room for the HTTP API or operators: raise the concurrency.",
			of(fn, "Throttles"), above, jsii.Number(0), 2, ""},
		// No alarm for its throttles: a sweep that is due while another is at work is one.
		// NoSweep tells if there is no room for any.
		{"SweepErrors", "Sweeps fail, or stop themselves: the log says why.",
			of(sweeper, "Errors"), above, jsii.Number(0), 2, ""},
	} {
		a.add(stack)
	}
}

func (a alarm) add(stack awscdk.Stack) {
	awscloudwatch.NewCfnAlarm(stack, &a.name, &awscloudwatch.CfnAlarmProps{
		AlarmDescription: &a.about,
		Namespace:        &a.metric.namespace,
		MetricName:       &a.metric.name,
		Statistic:        &a.metric.statistic,
		Dimensions:       []any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: &a.metric.dimension, Value: a.metric.of}},
		Period:           jsii.Number(300), EvaluationPeriods: &a.periods,
		ComparisonOperator: &a.comparison, Threshold: a.threshold,
		TreatMissingData: jsii.String(cmp.Or(a.missing, "notBreaching")),
		AlarmActions:     &[]*string{choose("Notify", ref("AlarmTopicArn"), awscdk.Aws_NO_VALUE())},
	})
}
