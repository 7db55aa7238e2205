package karpenter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// installation is what the chart of examples/controller makes of a release: how
// its Deployment's program is started, and as whom.
type installation struct {
	kubeconfig string
	args       []string
	config     string // path
}

// install installs the chart, but for what needs a kubelet: its rights are given,
// and its program is for somebody else to start.
func (c *cluster) install(tb testing.TB, values map[string]any) installation {
	tb.Helper()
	var i installation
	for _, o := range render(tb, values) {
		switch o.GetKind() {
		case "ConfigMap":
			text, _, err := unstructured.NestedString(o.Object, "data", "eipbinder.yaml")
			must(tb, err)
			i.config = filepath.Join(tb.TempDir(), "eipbinder.yaml")
			must(tb, os.WriteFile(i.config, []byte(text), 0o600))
		case "Deployment":
			containers, _, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			must(tb, err)
			i.args, _, err = unstructured.NestedStringSlice(containers[0].(map[string]any), "args")
			must(tb, err)
			continue
		case "PodDisruptionBudget":
			continue
		}
		must(tb, c.Create(tb.Context(), o))
	}
	i.kubeconfig = c.kubeconfig(tb, "system:serviceaccount:kube-system:eipbinder",
		"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated")
	return i
}

// command returns the program's arguments, with paths of this machine.
func (i installation) command() []string {
	elsewhere := func(arg string) bool { return strings.HasPrefix(arg, "--config=") }
	return append(slices.DeleteFunc(i.args, elsewhere), "--config="+i.config, "--kubeconfig="+i.kubeconfig)
}

// render renders the chart as helm install does.
func render(tb testing.TB, values map[string]any) (objects []*unstructured.Unstructured) {
	tb.Helper()
	chart, err := loader.Load("../controller/chart")
	must(tb, err)
	all, err := chartutil.ToRenderValues(chart, values, chartutil.ReleaseOptions{Name: "eipbinder", Namespace: "kube-system"}, nil)
	must(tb, err)
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	must(tb, err)
	for name, text := range files {
		if filepath.Ext(name) == ".yaml" && strings.TrimSpace(text) != "" {
			objects = append(objects, decode(tb, text)...)
		}
	}
	return objects
}
