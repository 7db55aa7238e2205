package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// widget is one graph of the dashboard.
type widget struct {
	title   string
	metrics [][]string // namespace, name, dimension, its value, statistic
}

func widgets() []widget {
	own := func(name, statistic string) []string {
		return []string{"eipbinder", name, "BinderID", "${BinderId}", statistic}
	}
	queue := func(name, of string) []string {
		return []string{"AWS/SQS", name, "QueueName", "${" + of + ".QueueName}", "Maximum"}
	}
	of := func(function, name, statistic string) []string {
		return []string{"AWS/Lambda", name, "FunctionName", "${" + function + "}", statistic}
	}
	work := func(function string) [][]string {
		return [][]string{
			of(function, "Invocations", "Sum"), of(function, "Errors", "Sum"), of(function, "Throttles", "Sum"), of(function, "ConcurrentExecutions", "Maximum"),
		}
	}
	return []widget{
		{"Pool: addresses", [][]string{own("PoolFree", "Minimum"), own("PoolUsed", "Maximum"), own("PoolCooling", "Maximum")}},
		{"Workers", [][]string{own("Bound", "Sum"), own("Unbound", "Sum"), own("Exhausted", "Sum"), own("Failed", "Sum")}},
		{"From launch to usable", [][]string{own("TimeToUsable", "p50"), own("TimeToUsable", "p95"), own("TimeToUsable", "Maximum")}},
		{"Drift", [][]string{own("DriftFound", "Maximum"), own("DriftRepaired", "Sum")}},
		{"Queue: messages", [][]string{
			queue("ApproximateNumberOfMessagesVisible", "Queue"), queue("ApproximateNumberOfMessagesNotVisible", "Queue"),
			queue("ApproximateNumberOfMessagesVisible", "DeadLetterQueue"),
		}},
		{"Queue: age of the oldest message (s)", [][]string{queue("ApproximateAgeOfOldestMessage", "Queue")}},
		{"Function", work("Function")},
		{"Function: duration (ms)", [][]string{of("Function", "Duration", "p50"), of("Function", "Duration", "p99")}},
		{"Sweeps", work("SweepFunction")},
		{"Sweeps: duration (ms)", [][]string{of("SweepFunction", "Duration", "p50"), of("SweepFunction", "Duration", "Maximum")}},
		{"Calls throttled by AWS", [][]string{own("Throttled", "Sum")}},
	}
}

func addDashboard(stack awscdk.Stack) {
	const width, height, perRow = 12, 6, 2
	var drawn []any
	for n, w := range widgets() {
		var lines []any
		for _, m := range w.metrics {
			lines = append(lines, []any{m[0], m[1], m[2], m[3], map[string]any{"stat": m[4]}})
		}
		drawn = append(drawn, map[string]any{
			"type": "metric", "x": n % perRow * width, "y": n / perRow * height, "width": width, "height": height,
			"properties": map[string]any{"title": w.title, "region": "${AWS::Region}", "period": 60, "metrics": lines},
		})
	}
	body, err := json.Marshal(map[string]any{"widgets": drawn})
	if err != nil {
		panic(err) // of strings and numbers alone
	}
	awscloudwatch.NewCfnDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: awscdk.Aws_STACK_NAME(), DashboardBody: sub(string(body)),
	})
}
