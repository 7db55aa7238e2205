package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stated is a statement of the committed template.
type stated struct {
	Sid, Effect string
	Action      any
	Resource    any
	Condition   map[string]map[string]any
}

func (s stated) actions() []string {
	switch a := s.Action.(type) {
	case string:
		return []string{a}
	case []any:
		var all []string
		for _, action := range a {
			all = append(all, action.(string))
		}
		return all
	}
	return nil
}

// statements returns those of a policy, whether it is JSON or text.
func statements(t *testing.T, r resource) []stated {
	t.Helper()
	document := r.Properties["PolicyDocument"]
	if text, ok := get(document, "Fn::Sub").(string); ok {
		document = json.RawMessage(text)
	} else if text, ok := get(document, "Fn::Sub", 0).(string); ok {
		document = json.RawMessage(text)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Statement []stated }
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if len(made.Statement) == 0 {
		t.Fatalf("no statement in %s", text)
	}
	return made.Statement
}

// statementsOf returns all of a role.
func statementsOf(t *testing.T, role string) []stated {
	t.Helper()
	made := committed(t)
	var all []stated
	for _, name := range made.kind("AWS::IAM::Policy") {
		r := made.Resources[name]
		roles, _ := r.Properties["Roles"].([]any)
		if slices.ContainsFunc(roles, func(r any) bool { return refers(r, role) }) {
			all = append(all, statements(t, r)...)
		}
	}
	return all
}

// functionStatements returns all of the role that has all.
func functionStatements(t *testing.T) []stated {
	t.Helper()
	return statementsOf(t, "FunctionRole")
}

// TestSweepsHaveNoQueue: else they have the same rights, and nobody else has any.
func TestSweepsHaveNoQueue(t *testing.T) {
	others := slices.DeleteFunc(functionStatements(t), func(s stated) bool { return s.Sid == "Queue" })
	if got := statementsOf(t, "SweepRole"); fmt.Sprint(got) != fmt.Sprint(others) {
		t.Errorf("a sweep may %+v, want %+v", got, others)
	}
	for _, s := range statementsOf(t, "SweepRole") {
		for _, action := range s.actions() {
			if strings.HasPrefix(action, "sqs:") {
				t.Errorf("%s: a sweep may %s", s.Sid, action)
			}
		}
	}
	made := committed(t)
	if roles := made.kind("AWS::IAM::Role"); !slices.Equal(roles, []string{"FunctionRole", "SweepRole"}) {
		t.Errorf("roles %v", roles)
	}
	for _, name := range made.kind("AWS::IAM::Policy") {
		p := made.Resources[name].Properties
		for _, role := range p["Roles"].([]any) {
			if !refers(role, "FunctionRole") && !refers(role, "SweepRole") {
				t.Errorf("%s is for %v", name, role)
			}
		}
		if p["Users"] != nil || p["Groups"] != nil {
			t.Errorf("%s is for %v and %v, too", name, p["Users"], p["Groups"])
		}
	}
}

func TestEveryRightHasItsReason(t *testing.T) {
	described, err := os.ReadFile("IAM.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, p := range policies() {
		for _, s := range p.statements {
			for _, r := range s.rights {
				known[s.sid] = append(known[s.sid], r.action)
				if r.calls == "" || s.why == "" {
					t.Errorf("%s of %s has no reason", r.action, s.sid)
				}
			}
		}
	}
	for _, s := range functionStatements(t) {
		if s.Effect != "Allow" || !slices.Equal(s.actions(), known[s.Sid]) {
			t.Errorf("%s: %s %v, but iam.go has %v", s.Sid, s.Effect, s.actions(), known[s.Sid])
		}
		for _, action := range s.actions() {
			if !strings.Contains(string(described), "| `"+action+"` |") {
				t.Errorf("IAM.md does not say what %s is for", action)
			}
		}
		delete(known, s.Sid)
	}
	if len(known) > 0 {
		t.Errorf("not in the template: %v", known)
	}
	for _, p := range policies() {
		if heading := "## " + p.name + "\n\nOf `" + strings.Join(p.roles, "` and `") + "`.\n"; !strings.Contains(string(described), heading) {
			t.Errorf("IAM.md does not say whose rights those of %s are", p.name)
		}
	}
}

func TestOnlyDescribeIsForEverything(t *testing.T) {
	made := committed(t)
	all := functionStatements(t)
	for _, name := range made.kind("AWS::IAM::ManagedPolicy") {
		all = append(all, statements(t, made.Resources[name])...)
	}
	for _, s := range all {
		for _, action := range s.actions() {
			service, verb, _ := strings.Cut(action, ":")
			if strings.Contains(action, "*") {
				t.Errorf("%s has the action %s", s.Sid, action)
			}
			if s.Resource == "*" && (service != "ec2" || !strings.HasPrefix(verb, "Describe")) {
				t.Errorf("%s: %s may be done to everything", s.Sid, action)
			}
		}
		if _, list := s.Resource.([]any); s.Resource == nil || list {
			t.Errorf("%s: resource %v is not one", s.Sid, s.Resource)
		}
	}
	for _, name := range made.kind("AWS::IAM::Role") {
		p := made.Resources[name].Properties
		if p["ManagedPolicyArns"] != nil || p["Policies"] != nil {
			t.Errorf("%s has rights that IAM.md does not know", name)
		}
		if trust := get(p["AssumeRolePolicyDocument"], "Statement"); fmt.Sprint(trust) != "[map[Action:sts:AssumeRole Effect:Allow Principal:map[Service:lambda.amazonaws.com]]]" {
			t.Errorf("%s is taken by %v", name, trust)
		}
	}
}

func TestRightsAreBounded(t *testing.T) {
	bySid := map[string]stated{}
	for _, s := range functionStatements(t) {
		bySid[s.Sid] = s
	}
	const names = "route53:ChangeResourceRecordSets"
	for _, test := range []struct{ sid, resource, operator, key, value string }{
		{"PoolAddresses", ":elastic-ip/*", "StringEquals", "aws:ResourceTag/${PoolTagKey}", "${PoolTagValue}"},
		{"PoolAddresses", ":elastic-ip/*", "StringLike", "aws:ResourceTag/${OtherKey}", "${OtherValue}"},
		{"ReverseNames", ":elastic-ip/*", "StringEquals", "aws:ResourceTag/${PoolTagKey}", "${PoolTagValue}"},
		{"ReverseNames", ":elastic-ip/*", "StringLike", "aws:ResourceTag/${OtherKey}", "${OtherValue}"},
		{"ClusterInterfaces", ":network-interface/*", "StringEquals", "aws:ResourceTag/${ClusterTagKey}", "${ClusterTagValue}"},
		{"ClusterInstances", ":instance/*", "StringEquals", "aws:ResourceTag/${ClusterTagKey}", "${ClusterTagValue}"},
		{"Names", ":hostedzone/${HostedZoneId}", "ForAllValues:StringEquals", names + "RecordTypes", "[A TXT]"},
		{"Names", ":hostedzone/${HostedZoneId}", "ForAllValues:StringEquals", names + "Actions", "[CREATE DELETE]"},
		{"Names", ":hostedzone/${HostedZoneId}", "ForAllValues:StringLike", names + "NormalizedRecordNames", "[map[Fn::Sub:*.${Suffix}]]"},
		{"Names", ":hostedzone/${HostedZoneId}", "Null", names + "RecordTypes", "false"},
		{"Names", ":hostedzone/${HostedZoneId}", "Null", names + "Actions", "false"},
		{"Names", ":hostedzone/${HostedZoneId}", "Null", names + "NormalizedRecordNames", "false"},
		{"Zone", ":hostedzone/${HostedZoneId}", "", "", ""},
		{"Propagation", ":route53:::change/*", "", "", ""},
		{"Bindings", ":table/${BindingTable}", "", "", ""},
		{"Records", ":table/${RecordTable}", "", "", ""},
		{"Queue", "${Queue.Arn}", "", "", ""},
		{"Log", "${LogGroup.Arn}", "", "", ""},
	} {
		s := bySid[test.sid]
		resource := fmt.Sprint(s.Resource)
		if text, ok := get(s.Resource, "Fn::Sub").(string); ok {
			resource = text
		}
		if !strings.HasSuffix(resource, test.resource) {
			t.Errorf("%s is about %s, not %s", test.sid, resource, test.resource)
		}
		if test.operator != "" && fmt.Sprint(s.Condition[test.operator][test.key]) != test.value {
			t.Errorf("%s: %s %s is %v, want %s", test.sid, test.operator, test.key, s.Condition[test.operator][test.key], test.value)
		}
	}
}

// TestPoolPolicyWithValues does what CloudFormation does with the text.
func TestPoolPolicyWithValues(t *testing.T) {
	document := committed(t).of(t, "PoolPolicy", "AWS::IAM::Policy").Properties["PolicyDocument"]
	text := get(document, "Fn::Sub", 0).(string)
	other := get(document, "Fn::Sub", 1)
	for key, want := range map[string]string{"OtherKey": "[TwoPoolTags map[Ref:PoolTagKey2] map[Ref:PoolTagKey]]", "OtherValue": "[TwoPoolTags map[Ref:PoolTagValue2] map[Ref:PoolTagValue]]"} {
		if got := fmt.Sprint(get(other, key, "Fn::If")); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	filled := strings.NewReplacer("${PoolTagKey}", "Pool", "${PoolTagValue}", "byol", "${OtherKey}", "App", "${OtherValue}", "streaming",
		"${ClusterTagKey}", "eks:eks-cluster-name", "${ClusterTagValue}", "prod",
		"${AWS::Partition}", "aws", "${AWS::Region}", "eu-central-1", "${AWS::AccountId}", "123456789012").Replace(text)
	if strings.Contains(filled, "${") {
		t.Errorf("not all is filled in: %s", filled)
	}
	var made struct{ Statement []stated }
	if err := json.Unmarshal([]byte(filled), &made); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]any{
		"StringEquals": {"aws:ResourceTag/Pool": "byol"},
		"StringLike":   {"aws:ResourceTag/App": "streaming"},
	}
	if got := made.Statement[0].Condition; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("condition %v, want %v", got, want)
	}
}

func TestNodesMayOnlyBind(t *testing.T) {
	made := committed(t)
	if names := made.kind("AWS::IAM::ManagedPolicy"); !slices.Equal(names, []string{"NodePolicy"}) {
		t.Fatalf("managed policies %v", names)
	}
	all := statements(t, made.Resources["NodePolicy"])
	resource, _ := get(all[0].Resource, "Fn::Sub").(string)
	if len(all) != 1 || !slices.Equal(all[0].actions(), []string{"execute-api:Invoke"}) || !strings.HasSuffix(resource, ":${Api}/$default/POST/v1/bind") {
		t.Errorf("a node may %+v", all)
	}
}

// made is in the declarations of what the backends need of their clients.
var sdkCall = regexp.MustCompile(`(?m)^\t([A-Z][A-Za-z]+)\(context\.Context, \*(ec2|route53|dynamodb)\.[A-Za-z]+Input`)

// TestRightsFollowTheCalls finds new calls in the backends for which there is no right.
func TestRightsFollowTheCalls(t *testing.T) {
	allowed := map[string]bool{}
	for _, s := range functionStatements(t) {
		for _, action := range s.actions() {
			allowed[action] = true
		}
	}
	others := map[string]string{
		"ec2:AllocateAddress": "of an elastic pool, which the function is not configured for",
		"ec2:ReleaseAddress":  "of an elastic pool, which the function is not configured for",
		"ec2:CreateTags":      "of an elastic pool, which the function is not configured for",
		// The template creates the tables.
		"dynamodb:CreateTable": "of dynamostore.CreateTables",
	}
	writes := []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}
	found := map[string]bool{}
	for _, folder := range []string{"eippool/ec2pool", "binder/ec2fleet", "dnspolicy/route53zone", "store/dynamostore"} {
		files, err := filepath.Glob(filepath.Join("../../..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range sdkCall.FindAllStringSubmatch(string(text), -1) {
				found[call[2]+":"+call[1]] = true
			}
		}
	}
	if found["dynamodb:TransactWriteItems"] {
		delete(found, "dynamodb:TransactWriteItems")
		for _, action := range writes {
			found[action] = true
		}
	}
	if len(found) < 15 {
		t.Errorf("only these calls were found: %v", slices.Sorted(maps.Keys(found)))
	}
	for call := range found {
		switch other := others[call]; {
		case other == "" && !allowed[call]:
			t.Errorf("%s is called, and not allowed", call)
		case other != "" && allowed[call]:
			t.Errorf("%s is allowed, though it is %s", call, other)
		}
	}
	// Not found in the backends: queue and log are Lambda's, and the adapters'.
	beside := []string{
		"logs:CreateLogStream", "logs:PutLogEvents",
		"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage",
	}
	for action := range allowed {
		if !found[action] && !slices.Contains(beside, action) {
			t.Errorf("%s is allowed, and not called", action)
		}
	}
}

// TestReversePolicyIsForReverseNames: with the preset of ReverseNames nobody has
// this policy, so that no other test sees what it is used for.
func TestReversePolicyIsForReverseNames(t *testing.T) {
	made := committed(t)
	r := made.of(t, "ReversePolicy", "AWS::IAM::Policy")
	all := statements(t, r)
	if r.Condition != "ReverseNamed" || len(all) != 1 {
		t.Fatalf("with %s: %+v", r.Condition, all)
	}
	if got := all[0].actions(); !slices.Equal(got, []string{"ec2:ModifyAddressAttribute", "ec2:ResetAddressAttribute"}) {
		t.Errorf("for reverse names there are the rights to %v", got)
	}
	pool := statements(t, made.Resources["PoolPolicy"])[0]
	if got, want := fmt.Sprint(all[0].Resource, all[0].Condition), fmt.Sprint(pool.Resource, pool.Condition); got != want {
		t.Errorf("to addresses %s, want those that are associated: %s", got, want)
	}
	values := func(name string) any { return get(made.Resources[name].Properties["PolicyDocument"], "Fn::Sub", 1) }
	if got, want := fmt.Sprint(values("ReversePolicy")), fmt.Sprint(values("PoolPolicy")); got != want {
		t.Errorf("the values are %s, want %s", got, want)
	}
}
