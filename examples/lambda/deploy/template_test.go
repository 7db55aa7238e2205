package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// template is the committed one, which is what people deploy.
type template struct {
	Parameters map[string]struct {
		Type, AllowedPattern string
		AllowedValues        []string
		Default              any
	}
	Conditions, Outputs map[string]any
	Metadata, Rules     any
	Resources           map[string]resource
}

type resource struct {
	Type, Condition, DeletionPolicy, UpdateReplacePolicy string
	DependsOn                                            []string
	Properties                                           map[string]any
}

func committed(t *testing.T) template {
	t.Helper()
	text, err := os.ReadFile("template.json")
	if err != nil {
		t.Fatal(err)
	}
	var made template
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// of returns a resource of this type.
func (m template) of(t *testing.T, name, kind string) resource {
	t.Helper()
	r, ok := m.Resources[name]
	if !ok || r.Type != kind {
		t.Fatalf("no %s %s, but %q", kind, name, r.Type)
	}
	return r
}

// kind returns the names of all resources of a type, in order.
func (m template) kind(kind string) []string {
	var names []string
	for name, r := range m.Resources {
		if r.Type == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// get goes down keys and indices, to nil if there is nothing.
func get(value any, path ...any) any {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			key, _ := step.(string)
			value = v[key]
		case []any:
			n, ok := step.(int)
			if !ok || n >= len(v) {
				return nil
			}
			value = v[n]
		default:
			return nil
		}
	}
	return value
}

func number(t *testing.T, r resource, path ...any) float64 {
	t.Helper()
	n, ok := get(r.Properties, path...).(float64)
	if !ok {
		t.Fatalf("%v is no number: %v", path, get(r.Properties, path...))
	}
	return n
}

// refers reports whether the value is a reference to this resource.
func refers(value any, name string) bool {
	return get(value, "Ref") == name || get(value, "Fn::GetAtt", 0) == name
}

func TestTemplateNeedsNothingElse(t *testing.T) {
	info, err := os.Stat("template.json")
	if err != nil {
		t.Fatal(err)
	}
	if limit := int64(51200); info.Size() > limit {
		t.Errorf("the template has %d bytes, more than the %d that go without a bucket", info.Size(), limit)
	}
	made := committed(t)
	if made.Metadata != nil || made.Rules != nil || made.Parameters["BootstrapVersion"].Type != "" {
		t.Error("the template has what only the CDK needs")
	}
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// references calls visit with each name that the value refers to.
func references(value any, visit func(name string)) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			references(item, visit)
		}
	case map[string]any:
		given := map[string]any{}
		if vars, ok := get(v["Fn::Sub"], 1).(map[string]any); ok {
			given = vars
		}
		text, ok := v["Fn::Sub"].(string)
		if !ok {
			text, _ = get(v["Fn::Sub"], 0).(string)
		}
		for _, found := range variable.FindAllStringSubmatch(text, -1) {
			if name, _, _ := strings.Cut(found[1], "."); given[name] == nil {
				visit(name)
			}
		}
		for _, name := range []any{v["Ref"], get(v["Fn::GetAtt"], 0), v["Condition"], get(v["Fn::If"], 0)} {
			if name, ok := name.(string); ok {
				visit(name)
			}
		}
		for _, item := range v {
			references(item, visit)
		}
	}
}

func TestReferencesExist(t *testing.T) {
	made := committed(t)
	used := map[string]bool{}
	check := func(where string, value any) {
		references(value, func(name string) {
			used[name] = true
			_, parameter := made.Parameters[name]
			_, other := made.Resources[name]
			if !parameter && !other && made.Conditions[name] == nil && !strings.HasPrefix(name, "AWS::") {
				t.Errorf("%s refers to %s, which does not exist", where, name)
			}
		})
	}
	for name, r := range made.Resources {
		check(name, r.Properties)
		used[r.Condition] = true
	}
	check("Outputs", made.Outputs)
	check("Conditions", made.Conditions)
	for name := range made.Parameters {
		if !used[name] {
			t.Errorf("nothing uses the parameter %s", name)
		}
	}
	for name := range made.Conditions {
		if !used[name] {
			t.Errorf("nothing uses the condition %s", name)
		}
	}
}

func TestLint(t *testing.T) {
	program := part(t, "cfn-lint", "pip install cfn-lint")
	if out, err := exec.CommandContext(t.Context(), program, "template.json").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
