package e2e_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// templateFile is what people deploy.
const templateFile = "../lambda/deploy/template.json"

// template is the stack's, as far as the test compares it with what is there.
type template struct {
	Resources map[string]struct {
		Type, Condition string
		Properties      map[string]any
	}
}

func committedTemplate(tb testing.TB) template {
	tb.Helper()
	text, err := os.ReadFile(templateFile)
	if err != nil {
		tb.Fatal(err)
	}
	var made template
	if err := json.Unmarshal(text, &made); err != nil {
		tb.Fatal(err)
	}
	return made
}

// property goes down the keys of a resource's properties; nil if there is nothing.
func (m template) property(resource string, path ...string) any {
	var value any = m.Resources[resource].Properties
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// stack is what testdata/stack.py finds after CloudFormation has made it.
type stack struct {
	Status     string
	Parameters map[string]string
	Resources  map[string]string // physical ID by name in the template; moto has none for permissions
	Tables     map[string]table
	Queues     map[string]map[string]string
	Rules      map[string]rule
	Roles      map[string]role
	Functions  map[string]lambdaFunction
	Source     struct {
		BatchSize                      int
		EventSourceArn, FunctionArn    string
		State                          string
		FunctionResponseTypes          []string
		ScalingConfig                  struct{ MaximumConcurrency int }
		MaximumBatchingWindowInSeconds int
	}
	Logs         []struct{ RetentionInDays json.RawMessage }
	NodePolicy   policy
	Dashboard    struct{ Widgets []any }
	Alarms, Apis []any

	unmet []string // conditions of the template that do not hold
}

type table struct {
	KeySchema, AttributeDefinitions []any
	BillingModeSummary              struct{ BillingMode any }
	DeletionProtectionEnabled       any
	PointInTimeRecovery             string
}

type rule struct {
	Arn, EventPattern, ScheduleExpression, State string
	Targets                                      []struct{ ID, Arn string }
}

type role struct {
	Trust    any
	Policies map[string]policy
	Attached []any
}

type lambdaFunction struct {
	FunctionArn, Handler, Role, Runtime string
	Architectures                       []string
	Environment                         struct{ Variables map[string]string }
	MemorySize, Timeout, Reserved       int
	Permissions                         []struct{ Principal struct{ Service string } }
	Retries                             any
}

// skipped are the types that moto's CloudFormation passes over without a word,
// each with what shows that it still does.
var skipped = map[string]func(*stack) bool{
	"AWS::SQS::QueuePolicy":          func(s *stack) bool { return s.Queues["Queue"]["Policy"] == "" },
	"AWS::Lambda::EventInvokeConfig": func(s *stack) bool { return s.Functions["SweepFunction"].Retries == nil },
	"AWS::CloudWatch::Alarm":         func(s *stack) bool { return len(s.Alarms) == 0 },
	"AWS::ApiGatewayV2::Api":         func(s *stack) bool { return len(s.Apis) == 0 },
	"AWS::ApiGatewayV2::Integration": func(s *stack) bool { return len(s.Apis) == 0 },
	"AWS::ApiGatewayV2::Route":       func(s *stack) bool { return len(s.Apis) == 0 },
	"AWS::ApiGatewayV2::Stage":       func(s *stack) bool { return len(s.Apis) == 0 },
}

// ignored are properties that moto takes no notice of, each with what shows it.
var ignored = map[string]func(*stack) bool{
	"Architectures":                    func(s *stack) bool { return !slices.Equal(s.Functions["Function"].Architectures, []string{"arm64"}) },
	"PointInTimeRecoverySpecification": func(s *stack) bool { return s.Tables["BindingTableOfBinder"].PointInTimeRecovery != "ENABLED" },
}

// stackPython runs testdata/stack.py in moto's account, with this input, and reads
// what it prints.
func stackPython(tb testing.TB, moto string, input, result any, args ...string) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "python3", append([]string{"testdata/stack.py"}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL="+moto)
	cmd.Stdin, cmd.Stderr = bytes.NewReader([]byte(asJSON(tb, input))), os.Stderr
	output, err := cmd.Output()
	if err != nil {
		tb.Fatalf("stack.py %s: %v", args, err)
	}
	if err := json.Unmarshal(output, result); err != nil {
		tb.Fatalf("stack.py %s prints %.2000q: %v", args, output, err)
	}
}

// wantAll checks that each resource of the template is there, or of a type that
// is known to be skipped, and that what is known so is so.
func (s *stack) wantAll(t *testing.T) {
	t.Helper()
	if s.Status != "CREATE_COMPLETE" {
		t.Errorf("the stack is %s", s.Status)
	}
	unused := maps.Clone(skipped)
	conditions := map[string]bool{}
	for name, r := range committedTemplate(t).Resources {
		_, there := s.Resources[name]
		isSkipped := skipped[r.Type] != nil
		conditions[r.Condition] = true
		delete(unused, r.Type)
		switch {
		case slices.Contains(s.unmet, r.Condition):
			if there {
				t.Errorf("%s is there, though %s does not hold", name, r.Condition)
			}
		case there == isSkipped:
			t.Errorf("%s of the type %s is there: %t; known to be skipped: %t", name, r.Type, there, isSkipped)
		}
	}
	for kind, still := range skipped {
		if !still(s) {
			t.Errorf("moto does make %s: compare it with the template", kind)
		}
	}
	for kind := range unused {
		t.Errorf("the template has no %s any more: it need not be skipped", kind)
	}
	for property, still := range ignored {
		if !still(s) {
			t.Errorf("moto does take notice of %s: compare it with the template", property)
		}
	}
	for _, condition := range s.unmet {
		if !conditions[condition] {
			t.Errorf("nothing in the template depends on %s", condition)
		}
	}
}

// wantAsSaid compares what is there with what the template says about it.
func (s *stack) wantAsSaid(t *testing.T) {
	t.Helper()
	m := committedTemplate(t)
	for _, want := range []struct {
		what string
		said any
		got  any
	}{
		{"visibility timeout", m.property("Queue", "VisibilityTimeout"), number(t, s.Queues["Queue"]["VisibilityTimeout"])},
		{"retention", m.property("Queue", "MessageRetentionPeriod"), number(t, s.Queues["Queue"]["MessageRetentionPeriod"])},
		{"retention of dead letters", m.property("DeadLetterQueue", "MessageRetentionPeriod"), number(t, s.Queues["DeadLetterQueue"]["MessageRetentionPeriod"])},
		{"redrive policy", map[string]any{
			"deadLetterTargetArn": s.Queues["DeadLetterQueue"]["QueueArn"], "maxReceiveCount": m.property("Queue", "RedrivePolicy", "maxReceiveCount"),
		}, decoded(t, s.Queues["Queue"]["RedrivePolicy"])},
		{"pattern", m.property("InstanceEvents", "EventPattern"), decoded(t, s.Rules["InstanceEvents"].EventPattern)},
		{"schedule", m.property("Sweep", "ScheduleExpression"), any(s.Rules["Sweep"].ScheduleExpression)},
		{"batch", m.property("QueueSource", "BatchSize"), float64(s.Source.BatchSize)},
		{"batching window", m.property("QueueSource", "MaximumBatchingWindowInSeconds"), float64(s.Source.MaximumBatchingWindowInSeconds)},
		{"batches at once", m.property("QueueSource", "ScalingConfig", "MaximumConcurrency"), float64(s.Source.ScalingConfig.MaximumConcurrency)},
		{"event source mapping", any("Enabled"), s.Source.State},
		{"partial batches", m.property("QueueSource", "FunctionResponseTypes"), []any{s.Source.FunctionResponseTypes[0]}},
		{"retention of logs", "30", string(bytes.Trim(s.Logs[0].RetentionInDays, `"`))},
	} {
		if diff := cmp.Diff(want.said, want.got); diff != "" {
			t.Errorf("%s (-template +stack):\n%s", want.what, diff)
		}
	}
	for name, table := range s.Tables {
		for property, got := range map[string]any{
			"KeySchema": table.KeySchema, "AttributeDefinitions": table.AttributeDefinitions,
			"BillingMode": table.BillingModeSummary.BillingMode, "DeletionProtectionEnabled": table.DeletionProtectionEnabled,
		} {
			if diff := cmp.Diff(m.property(name, property), got); diff != "" {
				t.Errorf("%s of %s (-template +stack):\n%s", property, name, diff)
			}
		}
	}
	for name, f := range s.Functions {
		for property, got := range map[string]any{"Timeout": float64(f.Timeout), "MemorySize": float64(f.MemorySize), "Runtime": f.Runtime, "Handler": f.Handler} {
			if diff := cmp.Diff(m.property(name, property), got); diff != "" {
				t.Errorf("%s of %s (-template +stack):\n%s", property, name, diff)
			}
		}
		s.wantEnvironment(t, m, name)
	}
	s.wantWired(t, m)
}

// wantWired checks what refers to what.
func (s *stack) wantWired(t *testing.T, m template) {
	t.Helper()
	queue := s.Queues["Queue"]["QueueArn"]
	for name, target := range map[string]string{"InstanceEvents": queue, "Sweep": s.Functions["SweepFunction"].FunctionArn} {
		if r := s.Rules[name]; len(r.Targets) != 1 || r.Targets[0].Arn != target || r.State != "ENABLED" {
			t.Errorf("the rule %s is %+v, want one target, %s", name, r, target)
		}
	}
	if s.Source.EventSourceArn != queue || s.Source.FunctionArn != s.Functions["Function"].FunctionArn {
		t.Errorf("the event source mapping is %+v", s.Source)
	}
	for name, of := range map[string]struct{ role, invoker string }{"Function": {"FunctionRole", "apigateway.amazonaws.com"}, "SweepFunction": {"SweepRole", "events.amazonaws.com"}} {
		f := s.Functions[name]
		if want := "arn:aws:iam::" + account + ":role/" + s.Resources[of.role]; f.Role != want {
			t.Errorf("the role of %s is %s, want %s", name, f.Role, want)
		}
		if len(f.Permissions) != 1 || f.Permissions[0].Principal.Service != of.invoker {
			t.Errorf("%s may be invoked by %+v", name, f.Permissions)
		}
	}
	for name, r := range s.Roles {
		if diff := cmp.Diff(m.property(name, "AssumeRolePolicyDocument"), r.Trust); diff != "" {
			t.Errorf("who takes %s (-template +stack):\n%s", name, diff)
		}
		if got, want := slices.Sorted(maps.Keys(r.Policies)), m.policiesOf(name, s.unmet); !slices.Equal(got, want) || len(r.Attached) > 0 {
			t.Errorf("%s has the policies %v and %v, want %v", name, got, r.Attached, want)
		}
	}
	if len(s.NodePolicy.Statement) != 1 || !slices.Equal(s.NodePolicy.Statement[0].Action, []string{"execute-api:Invoke"}) {
		t.Errorf("a node may %+v", s.NodePolicy)
	}
	if len(s.Dashboard.Widgets) == 0 {
		t.Error("the dashboard is empty")
	}
}

// policiesOf returns the names of a role's policies, in order, without those under
// a condition that is not met.
func (m template) policiesOf(role string, unmet []string) (names []string) {
	for name, r := range m.Resources {
		roles, _ := r.Properties["Roles"].([]any)
		for _, of := range roles {
			if ref, _ := of.(map[string]any); ref["Ref"] == role && !slices.Contains(unmet, r.Condition) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// wantEnvironment checks that a function has all settings of the template, and
// in them what follows from the parameters.
func (s *stack) wantEnvironment(t *testing.T, m template, function string) {
	t.Helper()
	parameters := s.Parameters
	said, _ := m.property(function, "Environment", "Variables").(map[string]any)
	got := s.Functions[function].Environment.Variables
	if diff := cmp.Diff(slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("settings of %s (-template +stack):\n%s", function, diff)
	}
	poolTags := parameters["PoolTagKey"] + "=" + parameters["PoolTagValue"]
	if key := parameters["PoolTagKey2"]; key != "" {
		poolTags += "," + key + "=" + parameters["PoolTagValue2"]
	}
	want := map[string]string{
		"EIPBINDER_SUFFIX":         parameters["Suffix"],
		"EIPBINDER_HOSTED_ZONE_ID": parameters["HostedZoneId"],
		"EIPBINDER_POOL_TAGS":      poolTags,
		"EIPBINDER_INSTANCE_TAGS":  parameters["InstanceTags"] + "," + parameters["ClusterTagKey"] + "=" + parameters["ClusterTagValue"],
		"EIPBINDER_POLICY":         parameters["Policy"],
		"EIPBINDER_TTL":            parameters["Ttl"],
		"EIPBINDER_KEEP_NAMES":     parameters["KeepNames"],
		"EIPBINDER_REVERSE_NAMES":  parameters["ReverseNames"],
		"EIPBINDER_BINDER_ID":      parameters["BinderId"],
		"EIPBINDER_QUEUE_URL":      s.Resources["Queue"],
		"EIPBINDER_RECORD_TABLE":   s.tableNames()[0],
		"EIPBINDER_BINDING_TABLE":  s.tableNames()[1],
		"EIPBINDER_API_ACCOUNTS":   account,
		"EIPBINDER_API_ROLES":      parameters["NodeRoles"],
		"EIPBINDER_API_OPERATORS":  parameters["Operators"],
	}
	for name, value := range said {
		if text, ok := value.(string); ok {
			want[name] = text
		}
	}
	for name := range said {
		if value, known := want[name]; known && got[name] != value {
			t.Errorf("%s of %s is %q, want %q", name, function, got[name], value)
		}
	}
}

// tableNames are those of the tables, which may have been there before.
func (s *stack) tableNames() (names [2]string) {
	for i, resource := range []string{"RecordTableOfWorkers", "BindingTableOfBinder"} {
		names[i] = s.Parameters[[]string{"RecordTable", "BindingTable"}[i]]
		if made, ok := s.Resources[resource]; ok {
			names[i] = made
		}
	}
	return names
}

// number is an attribute of SQS's, as JSON has numbers.
func number(tb testing.TB, text string) any { return decoded(tb, text) }

func decoded(tb testing.TB, text string) (value any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		tb.Fatalf("%q: %v", text, err)
	}
	return value
}
