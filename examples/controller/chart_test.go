package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
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
		},
		"flags": map[string]any{"dry-pool": "admit"},
	}
}

// render renders the chart as helm install does.
func render(values map[string]any) ([]*unstructured.Unstructured, error) {
	chart, err := loader.Load("chart")
	if err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "eipbinder", Namespace: "kube-system"}, nil)
	if err != nil {
		return nil, err
	}
	files, err := (engine.Engine{Strict: true}).Render(chart, all)
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

// The API server takes what the chart renders, with every field known to it, and
// the flags and the configuration are such as the program takes.
func TestChart(t *testing.T) {
	kube := newClient(t)
	objects, err := render(chartValues())
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
	for _, kind := range []string{"Deployment", "ServiceAccount", "ConfigMap", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "PodDisruptionBudget"} {
		if kinds[kind] == 0 {
			t.Errorf("there is no %s", kind)
		}
	}
	config, args := contents(t, objects)
	path := filepath.Join(t.TempDir(), "eipbinder.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	args[0] = "--config=" + path
	if _, err := parse(args, none, io.Discard); err != nil || !slices.Contains(args, "--dry-pool=admit") {
		t.Errorf("%q: %v", args, err)
	}
}

// strictly lets the API server look at an object without keeping it.
func strictly(t *testing.T, kube client.Client, o *unstructured.Unstructured) error {
	t.Helper()
	return kube.Create(t.Context(), o.DeepCopy(), client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// contents returns the configuration and the arguments of the program.
func contents(t *testing.T, objects []*unstructured.Unstructured) (config string, args []string) {
	t.Helper()
	for _, o := range objects {
		switch o.GetKind() {
		case "ConfigMap":
			config, _, _ = unstructured.NestedString(o.Object, "data", "eipbinder.yaml")
		case "Deployment":
			containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			args, _, _ = unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
		}
	}
	return config, args
}

// What the chart cannot do without is named.
func TestChartNeeds(t *testing.T) {
	for name, row := range map[string]struct {
		change func(values map[string]any)
		says   string
	}{
		"no image":         {func(v map[string]any) { delete(v, "image") }, "image.repository"},
		"no region":        {func(v map[string]any) { delete(v, "region") }, "region: set it"},
		"no configuration": {func(v map[string]any) { delete(v, "config") }, "config"},
		"no store":         {func(v map[string]any) { delete(v["config"].(map[string]any), "store") }, "config.store"},
		"a file":           {func(v map[string]any) { v["config"].(map[string]any)["store"] = "sqlite:/data/a.db" }, "keeps no file"},
	} {
		values := chartValues()
		row.change(values)
		if _, err := render(values); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Examples beside the chart, as far as the API server knows their kinds.
func TestWorkloadExample(t *testing.T) {
	kube := newClient(t)
	text, err := os.ReadFile("deploy/workload.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode(text)
	if err != nil || len(objects) < 4 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	for _, o := range objects {
		if err := strictly(t, kube, o); err != nil {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

// The chart's rights are enough, and are no more than said: the controller works
// as its ServiceAccount, which may not do anything else to nodes.
func TestRights(t *testing.T) {
	kube := newClient(t)
	objects, err := render(chartValues())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.GetKind() == "Deployment" || o.GetKind() == "PodDisruptionBudget" {
			continue
		}
		if err := kube.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	user, err := controlPlane.AddUser(envtest.User{
		Name:   "system:serviceaccount:kube-system:eipbinder",
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	a := newAccount(t, "rights", 2)
	p := a.start(t, config, "--leader-id=eipbinder", "--leader-namespace=kube-system")
	a.launch(t, kube, 2)
	for began := time.Now(); a.usable(t, kube) < 2; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute || p.over() {
			p.kill()
			t.Fatalf("not usable; it says:\n%s", p.output)
		}
	}
	for began := time.Now(); a.boundEvents(t, kube) < 2; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			p.kill()
			t.Fatalf("no events; it says:\n%s", p.output)
		}
	}
	p.kill()
	if strings.Contains(p.output.String(), "forbidden") {
		t.Errorf("it says:\n%s", p.output)
	}
	limited, err := client.New(user.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	node := a.nodes(t, kube)[0]
	for what, err := range map[string]error{
		"delete a node": limited.Delete(t.Context(), &node),
		"update a node": limited.Update(t.Context(), &node),
		"list pods":     limited.List(t.Context(), &corev1.PodList{}),
		"list secrets":  limited.List(t.Context(), &corev1.SecretList{}),
	} {
		if client.IgnoreNotFound(err) == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("it may %s: %v", what, err)
		}
	}
}
