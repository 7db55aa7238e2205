package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// chartValues are the least that the chart needs.
func chartValues() map[string]any {
	return map[string]any{
		"region": "eu-central-1",
		"image":  map[string]any{"repository": "example.com/eipbinder-controller"},
		"config": map[string]any{
			"store": "dynamodb", "hostedZoneID": "Z0123456789ABCDEFGHIJ",
			"profiles": []any{map[string]any{
				"name": "media", "suffix": "media.example.com", "instanceTags": "karpenter.sh/nodepool=media", "poolTags": "Pool=media",
			}},
			"controller": map[string]any{"dryPool": "admit"},
		},
	}
}

// rendered are the chart's files, by path, as helm install renders them.
func rendered(release string, values map[string]any) (map[string]string, error) {
	chart, err := loader.Load("chart")
	if err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: release, Namespace: "kube-system"}, nil)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.Render(chart, all)
}

// render returns the chart's objects.
func render(release string, values map[string]any) ([]*unstructured.Unstructured, error) {
	files, err := rendered(release, values)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for name, text := range files {
		if filepath.Ext(name) == ".yaml" {
			decoded, err := decode([]byte(text))
			if err != nil {
				return nil, errors.Join(errors.New(name), err)
			}
			objects = append(objects, decoded...)
		}
	}
	return objects, nil
}

// decode returns the objects of a file in YAML.
func decode(text []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		switch {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, err
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

// The API server takes what the chart renders of any values, with every field known
// to it; a namespace for restricted pods takes the pod; and the program takes its
// flags and its configuration, and what they come to is what the values say, as is
// how it is run.
func TestChart(t *testing.T) {
	kube := newClient(t)
	restricted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "restricted", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := kube.Create(t.Context(), restricted); client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
	for name, row := range chartSets() {
		t.Run(name, func(t *testing.T) {
			values := chartValues()
			row.change(values)
			objects, err := render("eipbinder", values)
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[string]int{}
			for _, o := range objects {
				kinds[o.GetKind()]++
				if err := strictly(t, kube, o); err != nil {
					t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
				}
			}
			want := map[string]int{
				"Deployment": 1, "ConfigMap": 1, "ClusterRole": 1, "ClusterRoleBinding": 1,
				"ServiceAccount": 1, "PodDisruptionBudget": 1, "Role": 2, "RoleBinding": 2,
			}
			for kind, more := range row.more {
				want[kind] += more
			}
			maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
			if !maps.Equal(kinds, want) {
				t.Errorf("there are %v, want %v", kinds, want)
			}
			if err := strictly(t, kube, podOf(t, objects)); err != nil {
				t.Errorf("its pod: %v", err)
			}
			wantProgram(t, objects, row.comesTo)
			wantOperations(t, objects, values)
		})
	}
}

// chartSet is a set of values, and what comes of it.
type chartSet struct {
	change  func(values map[string]any)
	comesTo map[string]string // settings of the program, by flag
	more    map[string]int    // objects by kind than by default
}

// configOf is the file that the values have.
func configOf(values map[string]any) map[string]any { return values["config"].(map[string]any) }

func chartSets() map[string]chartSet {
	return map[string]chartSet{
		"the least": {change: func(map[string]any) {}, comesTo: map[string]string{
			"leader-id": "eipbinder", "leader-namespace": "kube-system", "dry-pool": "admit", "sweep-every": "2m0s",
		}},
		"one replica": {change: func(v map[string]any) { v["replicas"] = 1 }, more: map[string]int{"PodDisruptionBudget": -1}},
		"nothing of its own": {
			change: func(v map[string]any) { configOf(v)["controller"] = nil }, comesTo: map[string]string{"dry-pool": "wait"},
		},
		"no gate": {change: controls("taint", ""), comesTo: map[string]string{"taint": ""}},
		"ready pods": {
			change: func(v map[string]any) {
				configOf(v)["controller"] = map[string]any{"readyPods": "app in (media, turn)"}
			},
			comesTo: map[string]string{"ready-pods": "app in (media,turn)"},
		},
		"ready pods of a namespace": {
			change: func(v map[string]any) {
				configOf(v)["controller"] = map[string]any{"readyPods": "app=media", "readyNamespace": "default"}
			},
			comesTo: map[string]string{"ready-pods": "app=media", "ready-namespace": "default"},
			more:    map[string]int{"Role": 1, "RoleBinding": 1},
		},
		"tables by name": {change: func(v map[string]any) {
			delete(configOf(v), "store")
			configOf(v)["recordTable"], configOf(v)["bindingTable"] = "records", "bindings"
		}},
		"PostgreSQL": {change: func(v map[string]any) {
			configOf(v)["store"] = "postgres://eipbinder@db.example.com/eipbinder"
			v["env"] = []any{map[string]any{"name": "PGPASSWORD", "valueFrom": map[string]any{
				"secretKeyRef": map[string]any{"name": "db", "key": "password"},
			}}}
		}},
		"IRSA": {change: func(v map[string]any) {
			v["serviceAccount"] = map[string]any{"annotations": map[string]any{"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/eipbinder"}}
		}},
		"somebody else's account": {
			change: func(v map[string]any) { v["serviceAccount"] = map[string]any{"create": false, "name": "pod-identity"} },
			more:   map[string]int{"ServiceAccount": -1},
		},
		"everything": {change: everything, comesTo: map[string]string{
			"concurrency": "8", "dry-timeout": "1m30s", "leaving-taints": "[example.com/bye, example.com/gone]", "taint": "example.com/gate:NoExecute",
			"registered-label": "", "log-level": "DEBUG", "leader-lease": "15s", "window": "500ms",
		}},
	}
}

// everything sets all that there is to set.
func everything(v map[string]any) {
	v["replicas"] = 3
	v["image"] = map[string]any{"repository": "example.com/eipbinder-controller", "tag": "v1", "pullPolicy": "Always"}
	v["imagePullSecrets"] = []any{map[string]any{"name": "registry"}}
	v["serviceAccount"] = map[string]any{"create": true, "name": "binder", "annotations": map[string]any{"example.com/a": "b"}}
	configOf(v)["controller"] = map[string]any{
		"concurrency": 8, "deployment": "media", "dryPool": "admit", "dryTimeout": "1m30s", "leaderLease": "15s", "leavingTaints": []any{"example.com/bye", "example.com/gone"},
		"logLevel": "debug", "nodeSelector": "karpenter.sh/nodepool=media", "patience": "30s", "readyNamespace": "", "readyPods": "app=media",
		"registeredLabel": "", "callTime": "1m", "sweepEvery": "1m", "sweepTime": "3m", "taint": "example.com/gate:NoExecute", "window": "0.5s",
	}
	v["env"] = []any{map[string]any{"name": "KEY", "value": "0123456789abcdef"}}
	v["resources"] = map[string]any{"requests": map[string]any{"cpu": "1"}}
	v["podAnnotations"] = map[string]any{"example.com/a": "b"}
	v["nodeSelector"] = map[string]any{"kubernetes.io/os": "linux"}
	v["tolerations"] = []any{map[string]any{"key": "CriticalAddonsOnly", "operator": "Exists"}}
	v["priorityClassName"] = "system-node-critical"
}

// podOf returns the pod of the Deployment, in the namespace for restricted ones.
func podOf(t *testing.T, objects []*unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	template, _, err := unstructured.NestedMap(only(t, objects, "Deployment").Object, "spec", "template")
	if err != nil {
		t.Fatal(err)
	}
	pod := &unstructured.Unstructured{Object: template}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	pod.SetName("eipbinder")
	pod.SetNamespace("restricted")
	return pod
}

// only returns the one object of the kind.
func only(t *testing.T, objects []*unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == kind })
	if i < 0 {
		t.Fatalf("there is no %s", kind)
	}
	return objects[i]
}

// wantProgram wants settings of the program.
func wantProgram(t *testing.T, objects []*unstructured.Unstructured, want map[string]string) {
	t.Helper()
	is := shown(program(t, objects))
	for name, value := range want {
		if got := fmt.Sprint(is[name]); got != value {
			t.Errorf("%s comes to %q, want %q", name, got, value)
		}
	}
}

// program starts the program with its flags and its configuration, as far as reading
// them.
func program(t *testing.T, objects []*unstructured.Unstructured) settings {
	t.Helper()
	config, args := contents(t, objects)
	path := filepath.Join(t.TempDir(), "eipbinder.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	args[0] = "--config=" + path
	s, err := parse(args, none, io.Discard)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return s
}

// strictly lets the API server look at an object without keeping it.
func strictly(t *testing.T, kube client.Client, o *unstructured.Unstructured) error {
	t.Helper()
	return kube.Create(t.Context(), o.DeepCopy(), client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// contents returns the configuration and the arguments of the program.
func contents(t *testing.T, objects []*unstructured.Unstructured) (config string, args []string) {
	t.Helper()
	config, _, err := unstructured.NestedString(only(t, objects, "ConfigMap").Object, "data", "eipbinder.yaml")
	if err != nil {
		t.Fatal(err)
	}
	containers, _, err := unstructured.NestedSlice(only(t, objects, "Deployment").Object, "spec", "template", "spec", "containers")
	if err != nil {
		t.Fatal(err)
	}
	args, _, err = unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
	if err != nil {
		t.Fatal(err)
	}
	return config, args
}

// controls sets one of the controller's own settings.
func controls(key string, value any) func(values map[string]any) {
	return func(v map[string]any) { configOf(v)["controller"] = map[string]any{key: value} }
}

// What the chart cannot do without, or cannot do with, is named.
func TestChartNeeds(t *testing.T) {
	for name, row := range map[string]struct {
		change func(values map[string]any)
		says   string
	}{
		"no image":         {func(v map[string]any) { delete(v, "image") }, "image.repository"},
		"no region":        {func(v map[string]any) { delete(v, "region") }, "region: set it"},
		"no configuration": {func(v map[string]any) { delete(v, "config") }, "config"},
		"no store":         {func(v map[string]any) { delete(configOf(v), "store") }, "config.store"},
		"a file":           {func(v map[string]any) { configOf(v)["store"] = "sqlite:/data/a.db" }, "keeps no file"},
		"a misspelt value": {func(v map[string]any) { v["replica"] = 2 }, "'replica'"},
		"half a replica":   {func(v map[string]any) { v["replicas"] = 1.5 }, "'/replicas'"},
		"no Region":        {func(v map[string]any) { v["region"] = "Frankfurt" }, "'/region'"},
		"a strange key":    {controls("dryPol", "wait"), "'dryPol'"},
		"a strange policy": {controls("dryPool", "maybe"), "'/config/controller/dryPool'"},
		"no duration":      {controls("sweepEvery", "60"), "'/config/controller/sweepEvery'"},
		"what it sets":     {controls("leaderID", "mine"), "'leaderID'"},
		"flags":            {func(v map[string]any) { v["flags"] = map[string]any{} }, "'flags'"},
		"no environment":   {func(v map[string]any) { v["env"] = map[string]any{"A": "b"} }, "'/env'"},
	} {
		values := chartValues()
		row.change(values)
		if _, err := render("eipbinder", values); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The rules of helm lint, on the values of each set, and on none.
func TestLint(t *testing.T) {
	sets := chartSets()
	sets["none"] = chartSet{change: func(v map[string]any) { clear(v) }}
	for name, row := range sets {
		values := chartValues()
		row.change(values)
		linter := lint.All("chart", values, "kube-system", true)
		for _, m := range linter.Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %v", name, m)
			}
		}
		if len(linter.Messages) == 0 {
			t.Errorf("%s: not even the icon is missed: nothing was looked at", name)
		}
	}
}

// The chart takes the program's settings, but for those that it sets itself.
func TestChartSettings(t *testing.T) {
	text, err := os.ReadFile("chart/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Definitions struct {
			Controller struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range flagsInFile() {
		own := []string{"kubeconfig", "leader-elect", "leader-id", "leader-namespace", "metrics-address", "health-address"}
		if !slices.Contains(own, name) {
			want = append(want, keyOf(name))
		}
	}
	if got := slices.Sorted(maps.Keys(schema.Definitions.Controller.Properties)); !slices.Equal(got, want) {
		t.Errorf("the schema has %q, the program %q", got, want)
	}
}
