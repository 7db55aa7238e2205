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

func TestLogsEnd(t *testing.T) {
	made := committed(t)
	if !refers(made.of(t, "LogGroup", "AWS::Logs::LogGroup").Properties["RetentionInDays"], "LogRetentionDays") {
		t.Error("logs are kept for ever")
	}
	days := made.Parameters["LogRetentionDays"]
	if !slices.Contains(days.AllowedValues, fmt.Sprint(days.Default)) {
		t.Errorf("retention %v of %v", days.Default, days.AllowedValues)
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
}
