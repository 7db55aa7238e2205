package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	made := committed(t)
	for name, key := range map[string][]string{"RecordTable": {"EIP", "DNS_Record"}, "BindingTable": {"pk"}} {
		i := slices.IndexFunc(made.kind("AWS::DynamoDB::Table"), func(id string) bool {
			return refers(made.Resources[id].Properties["TableName"], name)
		})
		if i < 0 {
			t.Fatalf("no table is named by %s", name)
		}
		r := made.Resources[made.kind("AWS::DynamoDB::Table")[i]]
		var got []string
		for n := range 3 {
			if attribute, ok := get(r.Properties, "KeySchema", n, "AttributeName").(string); ok {
				got = append(got, attribute)
			}
		}
		if !slices.Equal(got, key) {
			t.Errorf("%s has the key %v, want %v", name, got, key)
		}
		p := r.Properties
		if p["BillingMode"] != "PAY_PER_REQUEST" || p["DeletionProtectionEnabled"] != true ||
			get(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true ||
			r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s can be lost: %+v", name, r)
		}
	}
}

func TestQueueAndFunctionFit(t *testing.T) {
	made := committed(t)
	queue, dead := made.of(t, "Queue", "AWS::SQS::Queue"), made.of(t, "DeadLetterQueue", "AWS::SQS::Queue")
	source, fn := made.of(t, "QueueSource", "AWS::Lambda::EventSourceMapping"), made.of(t, "Function", "AWS::Lambda::Function")
	if got, least := number(t, queue, "VisibilityTimeout"), 6*number(t, fn, "Timeout")+number(t, source, "MaximumBatchingWindowInSeconds"); got < least {
		t.Errorf("messages are hidden for %v s, less than %v s", got, least)
	}
	if number(t, queue, "RedrivePolicy", "maxReceiveCount") < 5 || !refers(get(queue.Properties, "RedrivePolicy", "deadLetterTargetArn"), "DeadLetterQueue") {
		t.Errorf("redrive policy %v", queue.Properties["RedrivePolicy"])
	}
	if queue.Properties["SqsManagedSseEnabled"] != true || dead.Properties["SqsManagedSseEnabled"] != true {
		t.Error("messages are not encrypted")
	}
	if number(t, dead, "MessageRetentionPeriod") <= number(t, queue, "MessageRetentionPeriod") {
		t.Error("a dead letter goes before somebody sees it: its age counts from when it was sent first")
	}
	if number(t, queue, "MessageRetentionPeriod") < number(t, queue, "RedrivePolicy", "maxReceiveCount")*number(t, queue, "VisibilityTimeout") {
		t.Error("messages are deleted before they are dead letters")
	}
	most, reserved := number(t, source, "ScalingConfig", "MaximumConcurrency"), number(t, fn, "ReservedConcurrentExecutions", "Fn::If", 1)
	if most < 2 || most >= reserved {
		t.Errorf("%v batches at once of %v invocations leave no room for the sweep and the HTTP API", most, reserved)
	}
	if get(source.Properties, "FunctionResponseTypes", 0) != "ReportBatchItemFailures" || !refers(source.Properties["EventSourceArn"], "Queue") ||
		!refers(source.Properties["FunctionName"], "Function") {
		t.Errorf("source %v", source.Properties)
	}
	if size := number(t, source, "BatchSize"); size > 10 && number(t, source, "MaximumBatchingWindowInSeconds") < 1 {
		t.Errorf("batches of %v need a window", size)
	}
}

func TestQueueIsForTheRuleAlone(t *testing.T) {
	made := committed(t)
	policies := made.kind("AWS::SQS::QueuePolicy")
	if len(policies) != 1 {
		t.Fatalf("queue policies %v", policies)
	}
	all := statements(t, made.Resources[policies[0]])
	if len(all) != 1 || !slices.Equal(all[0].actions(), []string{"sqs:SendMessage"}) || !refers(all[0].Condition["ArnEquals"]["aws:SourceArn"], "InstanceEvents") {
		t.Errorf("queue policy %+v", all)
	}
}

func TestRules(t *testing.T) {
	made := committed(t)
	events := made.of(t, "InstanceEvents", "AWS::Events::Rule").Properties
	pattern := events["EventPattern"].(map[string]any)
	want := map[string]any{
		"source": []any{"aws.ec2"},
		"detail-type": []any{
			"EC2 Instance State-change Notification", "EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation",
		},
	}
	if fmt.Sprint(pattern) != fmt.Sprint(want) { // no "detail": all states
		t.Errorf("pattern %v, want %v", pattern, want)
	}
	if !refers(get(events, "Targets", 0, "Arn"), "Queue") {
		t.Errorf("events go to %v", events["Targets"])
	}
	for permission, want := range map[string]struct{ function, from string }{"SweepPermission": {"SweepFunction", "Sweep"}, "ApiPermission": {"Function", "Api"}} {
		p := made.of(t, permission, "AWS::Lambda::Permission").Properties
		source, _ := get(p, "SourceArn", "Fn::Sub").(string)
		if !refers(p["SourceArn"], want.from) && !strings.Contains(source, "${"+want.from+"}") || !refers(p["FunctionName"], want.function) {
			t.Errorf("%s is for %v, to invoke %v", permission, p["SourceArn"], p["FunctionName"])
		}
	}
	if all := made.kind("AWS::Lambda::Permission"); len(all) != 2 {
		t.Errorf("others may invoke the functions: %v", all)
	}
}

func TestLogsEnd(t *testing.T) {
	made := committed(t)
	if !refers(made.of(t, "LogGroup", "AWS::Logs::LogGroup").Properties["RetentionInDays"], "LogRetentionDays") {
		t.Error("logs are kept for ever")
	}
	days := made.Parameters["LogRetentionDays"]
	if !slices.Contains(days.AllowedValues, fmt.Sprint(days.Default)) {
		t.Errorf("retention %v of %v", days.Default, days.AllowedValues)
	}
	for _, name := range functions() {
		if !refers(get(made.of(t, name, "AWS::Lambda::Function").Properties, "LoggingConfig", "LogGroup"), "LogGroup") {
			t.Errorf("%s logs elsewhere", name)
		}
	}
}

// ownMetrics are those that the function prints, by the source of package emf.
func ownMetrics(t *testing.T) (names []string, dimension string) {
	t.Helper()
	text, err := os.ReadFile("../../../adapters/emf/emf.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`(?m)^\t([A-Z]\w+) += "(\w+)"$`).FindAllStringSubmatch(string(text), -1)
	for _, c := range constants {
		names = append(names, c[2])
	}
	found := regexp.MustCompile(`const Dimension = "(\w+)"`).FindStringSubmatch(string(text))
	if len(names) == 0 || found == nil {
		t.Fatalf("package emf has the metrics %v and the dimension %v", names, found)
	}
	return names, found[1]
}

func TestAlarms(t *testing.T) {
	made := committed(t)
	printed, dimension := ownMetrics(t)
	for name, want := range map[string]struct{ namespace, metric, dimension, of string }{
		"DeadLetters":       {"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "DeadLetterQueue"},
		"PoolNearlyDry":     {"eipbinder", "PoolFree", "BinderID", "BinderId"},
		"NoSweep":           {"eipbinder", "PoolFree", "BinderID", "BinderId"},
		"DriftFound":        {"eipbinder", "DriftFound", "BinderID", "BinderId"},
		"FunctionErrors":    {"AWS/Lambda", "Errors", "FunctionName", "Function"},
		"FunctionThrottles": {"AWS/Lambda", "Throttles", "FunctionName", "Function"},
		"SweepErrors":       {"AWS/Lambda", "Errors", "FunctionName", "SweepFunction"},
	} {
		p := made.of(t, name, "AWS::CloudWatch::Alarm").Properties
		if p["Namespace"] != want.namespace || p["MetricName"] != want.metric ||
			get(p, "Dimensions", 0, "Name") != want.dimension || !refers(get(p, "Dimensions", 0, "Value"), want.of) {
			t.Errorf("%s is about %v", name, p)
		}
		if want.namespace == "eipbinder" && (!slices.Contains(printed, want.metric) || want.dimension != dimension) {
			t.Errorf("%s: the function prints no %s by %s", name, want.metric, want.dimension)
		}
		if get(p, "AlarmActions", 0, "Fn::If", 0) != "Notify" {
			t.Errorf("%s tells nobody", name)
		}
	}
}

func TestDashboard(t *testing.T) {
	body, ok := get(committed(t).of(t, "Dashboard", "AWS::CloudWatch::Dashboard").Properties, "DashboardBody", "Fn::Sub").(string)
	var made struct {
		Widgets []struct {
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil || !ok {
		t.Fatalf("%v in %s", err, body)
	}
	printed, dimension := ownMetrics(t)
	shown, ofLambda := map[string]bool{}, map[any][]any{}
	for _, w := range made.Widgets {
		for _, m := range w.Properties.Metrics {
			if m[0] == "AWS/Lambda" && m[2] == "FunctionName" {
				ofLambda[m[3]] = append(ofLambda[m[3]], m[1])
			}
			if m[0] == "eipbinder" && m[2] == dimension {
				shown[m[1].(string)] = true
			}
		}
	}
	for _, name := range functions() {
		for _, metric := range []string{"Invocations", "Errors", "Throttles", "ConcurrentExecutions", "Duration"} {
			if !slices.Contains(ofLambda["${"+name+"}"], any(metric)) {
				t.Errorf("the dashboard does not show %s of %s", metric, name)
			}
		}
	}
	for _, name := range printed {
		if !shown[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
		delete(shown, name)
	}
	if len(shown) > 0 {
		t.Errorf("the function does not print %v", shown)
	}
}

func TestEveryRouteIsSigned(t *testing.T) {
	made := committed(t)
	got := map[any]bool{}
	for _, name := range made.kind("AWS::ApiGatewayV2::Route") {
		p := made.Resources[name].Properties
		got[p["RouteKey"]] = true
		if p["AuthorizationType"] != "AWS_IAM" || !refers(get(p, "Target", "Fn::Join", 1, 1), "ApiIntegration") {
			t.Errorf("%v asks for %v and goes to %v", p["RouteKey"], p["AuthorizationType"], p["Target"])
		}
	}
	for _, route := range []string{"POST /v1/bind", "GET /v1/bindings", "GET /v1/bindings/{instance}", "POST /v1/drain", "POST /v1/undrain", "GET /readyz"} {
		if !got[route] {
			t.Errorf("no route %s", route)
		}
		delete(got, route)
	}
	if len(got) > 0 {
		t.Errorf("more routes than there should be: %v", got)
	}
	integration := made.of(t, "ApiIntegration", "AWS::ApiGatewayV2::Integration").Properties
	if integration["PayloadFormatVersion"] != "2.0" || !refers(integration["IntegrationUri"], "Function") {
		t.Errorf("integration %v", integration)
	}
}

// TestEnvironmentIsKnown looks into the sources of what the function reads.
func TestEnvironmentIsKnown(t *testing.T) {
	var sources strings.Builder
	for _, folder := range []string{"..", "../../internal/*"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	made := committed(t)
	for _, name := range functions() {
		variables := made.variables(t, name)
		for variable := range variables {
			if !regexp.MustCompile(strconv.Quote(variable)).MatchString(sources.String()) {
				t.Errorf("%s does not know %s", name, variable)
			}
		}
		for _, required := range []string{"EIPBINDER_SUFFIX", "EIPBINDER_HOSTED_ZONE_ID", "EIPBINDER_POOL_TAGS", "EIPBINDER_INSTANCE_TAGS"} {
			if variables[required] == nil {
				t.Errorf("%s needs %s", name, required)
			}
		}
	}
	variables := made.variables(t, "Function")
	// The function does not start with accounts for the HTTP API, but no roles.
	if got := fmt.Sprint(get(variables, "EIPBINDER_API_ACCOUNTS", "Fn::If")); got != "[Asked map[Ref:AWS::AccountId] map[Ref:AWS::NoValue]]" {
		t.Errorf("EIPBINDER_API_ACCOUNTS is %s", got)
	}
}
