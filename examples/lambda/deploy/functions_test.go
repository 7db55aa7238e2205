package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// functions are the names of both.
func functions() []string { return []string{"Function", "SweepFunction"} }

// variables are a function's environment.
func (m template) variables(t *testing.T, function string) map[string]any {
	t.Helper()
	variables, ok := get(m.of(t, function, "AWS::Lambda::Function").Properties, "Environment", "Variables").(map[string]any)
	if !ok {
		t.Fatalf("%s has no environment", function)
	}
	return variables
}

// TestFunctionsAreOneProgram compares what they have, but for what they are there for.
func TestFunctionsAreOneProgram(t *testing.T) {
	made := committed(t)
	if all := made.kind("AWS::Lambda::Function"); !slices.Equal(all, functions()) {
		t.Fatalf("functions %v", all)
	}
	fn, sweep := made.of(t, "Function", "AWS::Lambda::Function").Properties, made.of(t, "SweepFunction", "AWS::Lambda::Function").Properties
	differ := []string{"Description", "Environment", "ReservedConcurrentExecutions", "Role", "Timeout"}
	for name, value := range fn {
		if !slices.Contains(differ, name) && fmt.Sprint(value) != fmt.Sprint(sweep[name]) {
			t.Errorf("%s is %v, and of sweeps %v", name, value, sweep[name])
		}
	}
	if fn["Runtime"] != "provided.al2023" || get(fn, "Architectures", 0) != "arm64" || len(fn) != len(sweep) {
		t.Errorf("function %v, and of sweeps %v", fn, sweep)
	}
	for function, role := range map[string]string{"Function": "FunctionRole", "SweepFunction": "SweepRole"} {
		r := made.Resources[function]
		if !refers(r.Properties["Role"], role) {
			t.Errorf("%s has the role %v", function, r.Properties["Role"])
		}
		for _, name := range made.kind("AWS::IAM::Policy") {
			p := made.Resources[name]
			has := slices.ContainsFunc(p.Properties["Roles"].([]any), func(r any) bool { return refers(r, role) })
			if has && p.Condition == "" && !slices.Contains(r.DependsOn, name) {
				t.Errorf("%s is there before its rights of %s", function, name)
			}
		}
	}
	for output, function := range map[string]string{"FunctionName": "Function", "SweepFunctionName": "SweepFunction"} {
		if !refers(get(made.Outputs[output], "Value"), function) {
			t.Errorf("%s is %v", output, made.Outputs[output])
		}
	}
}

func TestSweep(t *testing.T) {
	made := committed(t)
	rule, fn := made.of(t, "Sweep", "AWS::Events::Rule").Properties, made.of(t, "SweepFunction", "AWS::Lambda::Function")
	if !refers(get(rule, "Targets", 0, "Arn"), "SweepFunction") || get(rule, "Targets", 1) != nil || get(rule, "Targets", 0, "Input") != nil {
		t.Errorf("the sweep's rule is %v: the function knows a Scheduled Event, and no input", rule)
	}
	// internal/storm sweeps each minute, and a sweep ends before the next one.
	if rule["ScheduleExpression"] != "rate(1 minute)" || number(t, fn, "Timeout") != 60 {
		t.Errorf("sweeps come at a %v, and take up to %v s", rule["ScheduleExpression"], number(t, fn, "Timeout"))
	}
	if at := number(t, fn, "ReservedConcurrentExecutions", "Fn::If", 1); at != 1 || get(fn.Properties, "ReservedConcurrentExecutions", "Fn::If", 0) != "Reserved" {
		t.Errorf("%v sweeps at once", at)
	}
	retries := made.of(t, "SweepRetries", "AWS::Lambda::EventInvokeConfig")
	if !refers(retries.Properties["FunctionName"], "SweepFunction") || retries.Properties["Qualifier"] != "$LATEST" || number(t, retries, "MaximumRetryAttempts") != 0 || number(t, retries, "MaximumEventAgeInSeconds") != 60 {
		t.Errorf("a sweep is repeated: %v", retries.Properties)
	}
}

// TestSettingsAreThoseMeasured reads the table of settings in internal/storm's
// documentation: its columns are controller, batches, their sweep, and per event.
func TestSettingsAreThoseMeasured(t *testing.T) {
	text, err := os.ReadFile("../../../internal/storm/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	made := committed(t)
	columns := map[string]int{"Function": 2, "SweepFunction": 3}
	if !regexp.MustCompile(`(?m)^//\t +controller +batches +their sweep +per event$`).Match(text) {
		t.Fatal("internal/storm has another table")
	}
	rows := regexp.MustCompile(`(?m)^//\tEIPBINDER_.*$`).FindAllString(string(text), -1)
	if len(rows) < 4 {
		t.Fatalf("internal/storm measures with %q", rows)
	}
	for _, row := range rows {
		fields := strings.Fields(strings.TrimPrefix(row, "//"))
		for function, column := range columns {
			got, set := made.variables(t, function)[fields[0]]
			if preset := fields[0] == "EIPBINDER_DNS_WAIT" && !set; preset {
				got = "2m" // is in the settings of README.md
			}
			if got != fields[column] {
				t.Errorf("%s: %s is %v, and measured with %s", function, fields[0], got, fields[column])
			}
		}
	}
}
