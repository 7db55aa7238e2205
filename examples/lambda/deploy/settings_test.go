package main

import (
	"maps"
	"slices"
	"testing"
)

// TestSettings: which parameter becomes which variable, in each function, and that
// there are no other variables.
func TestSettings(t *testing.T) {
	both := map[string]string{
		"EIPBINDER_STORE":          `"dynamodb"`,
		"EIPBINDER_RECORD_TABLE":   `{"Fn::If": ["CreateRecords", {"Ref": "RecordTableOfWorkers"}, {"Ref": "RecordTable"}]}`,
		"EIPBINDER_BINDING_TABLE":  `{"Fn::If": ["CreateBinding", {"Ref": "BindingTableOfBinder"}, {"Ref": "BindingTable"}]}`,
		"EIPBINDER_BINDER_ID":      `{"Ref": "BinderId"}`,
		"EIPBINDER_SUFFIX":         `{"Ref": "Suffix"}`,
		"EIPBINDER_HOSTED_ZONE_ID": `{"Ref": "HostedZoneId"}`,
		"EIPBINDER_POOL_TAGS": `{"Fn::If": ["TwoPoolTags",
			{"Fn::Sub": "${PoolTagKey}=${PoolTagValue},${PoolTagKey2}=${PoolTagValue2}"}, {"Fn::Sub": "${PoolTagKey}=${PoolTagValue}"}]}`,
		"EIPBINDER_INSTANCE_TAGS":     `{"Fn::Sub": "${InstanceTags},${ClusterTagKey}=${ClusterTagValue}"}`,
		"EIPBINDER_POLICY":            `{"Ref": "Policy"}`,
		"EIPBINDER_TTL":               `{"Ref": "Ttl"}`,
		"EIPBINDER_KEEP_NAMES":        `{"Ref": "KeepNames"}`,
		"EIPBINDER_REVERSE_NAMES":     `{"Ref": "ReverseNames"}`,
		"EIPBINDER_DNS_LINGER":        `"5s"`,
		"EIPBINDER_DNS_POLL_INTERVAL": `"10s"`,
	}
	alone := map[string]map[string]string{
		"Function": {
			"EIPBINDER_SHARE":     `"0.2"`, // a fifth: there are five batches at once
			"EIPBINDER_DNS_WAIT":  `"2s"`,
			"EIPBINDER_QUEUE_URL": `{"Ref": "Queue"}`,
			// The function does not start with accounts for the HTTP API, but no roles.
			"EIPBINDER_API_ACCOUNTS":  `{"Fn::If": ["Asked", {"Ref": "AWS::AccountId"}, {"Ref": "AWS::NoValue"}]}`,
			"EIPBINDER_API_ROLES":     `{"Ref": "NodeRoles"}`,
			"EIPBINDER_API_OPERATORS": `{"Ref": "Operators"}`,
		},
		"SweepFunction": {"EIPBINDER_SHARE": `"0.5"`},
	}
	made := committed(t)
	for _, name := range functions() {
		want := maps.Clone(both)
		maps.Copy(want, alone[name])
		got := made.variables(t, name)
		for variable, value := range want {
			wantJSON(t, name+": "+variable, got[variable], value)
		}
		for variable := range got {
			if want[variable] == "" {
				t.Errorf("%s: nobody knows why it has %s", name, variable)
			}
		}
	}
}

// TestConditions: which conditions hold with which parameters, the others having
// their presets.
func TestConditions(t *testing.T) {
	made := committed(t)
	preset := []string{"CreateBinding", "CreateRecords", "Reserved"}
	seen := map[string]bool{}
	for _, test := range []struct {
		given map[string]string
		want  []string // beside what the presets make, or in place of it
	}{
		{nil, preset},
		{map[string]string{"PoolTagKey2": "App"}, append([]string{"TwoPoolTags"}, preset...)},
		{map[string]string{"PoolTagValue2": "x"}, preset},
		{map[string]string{"ReverseNames": "true"}, append([]string{"ReverseNamed"}, preset...)},
		{map[string]string{"KeepNames": "true"}, preset},
		{map[string]string{"ExistingTables": "record"}, []string{"CreateBinding", "Reserved"}},
		{map[string]string{"ExistingTables": "both"}, []string{"Reserved"}},
		{map[string]string{"NodeRoles": "a"}, append([]string{"Asked"}, preset...)},
		{map[string]string{"Operators": "a"}, append([]string{"Asked"}, preset...)},
		{map[string]string{"ReserveConcurrency": "false"}, []string{"CreateBinding", "CreateRecords"}},
		{map[string]string{"AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:a"}, append([]string{"Notify"}, preset...)},
	} {
		want := slices.Sorted(slices.Values(test.want))
		var got []string
		for _, name := range slices.Sorted(maps.Keys(made.Conditions)) {
			if made.holds(t, made.Conditions[name], test.given) {
				got = append(got, name)
				seen[name] = true
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("with %v these hold: %v, want %v", test.given, got, want)
		}
	}
	for name := range made.Conditions {
		if !seen[name] {
			t.Errorf("no parameters make %s hold", name)
		}
	}
}

// holds evaluates a condition as CloudFormation does.
func (m template) holds(t *testing.T, condition any, given map[string]string) bool {
	t.Helper()
	if both, ok := get(condition, "Fn::Equals").([]any); ok {
		return m.value(both[0], given) == m.value(both[1], given)
	}
	if one, ok := get(condition, "Fn::Not").([]any); ok {
		return !m.holds(t, one[0], given)
	}
	all, ok := get(condition, "Fn::And").([]any)
	if !ok {
		t.Fatalf("condition %v", condition)
	}
	return !slices.ContainsFunc(all, func(c any) bool { return !m.holds(t, c, given) })
}

func (m template) value(value any, given map[string]string) any {
	name, ok := get(value, "Ref").(string)
	if !ok {
		return value
	}
	if v, ok := given[name]; ok {
		return v
	}
	return m.Parameters[name].Default
}
