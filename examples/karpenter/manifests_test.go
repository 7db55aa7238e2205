package karpenter

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// requirements is where a NodePool has them.
func requirements() []string { return []string{"spec", "template", "spec", "requirements"} }

// The API server takes the manifests as they lie there: each field is one of
// Karpenter's, and all rules of its resources hold, also those between fields. That
// these are in force is seen of manifests that it does not take.
func TestManifests(t *testing.T) {
	c := newControlPlane(t)
	kinds := map[string]int{}
	for _, o := range documents(t, manifests) {
		kinds[o.GetKind()]++
		if err := c.take(t, o); err != nil {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
	if kinds["NodePool"] != 1 || kinds["EC2NodeClass"] != 1 {
		t.Errorf("there are %v", kinds)
	}
	for name, row := range map[string]struct {
		kind   string
		change func(o *unstructured.Unstructured)
		says   string
	}{
		"an unknown field": {"NodePool", func(o *unstructured.Unstructured) {
			set(t, o, []any{}, "spec", "template", "spec", "startupTaint")
		}, `unknown field "spec.template.spec.startupTaint"`},
		"an unknown effect": {"NodePool", func(o *unstructured.Unstructured) {
			set(t, o, []any{map[string]any{"key": "a", "effect": "Never"}}, "spec", "template", "spec", "startupTaints")
		}, `Unsupported value: "Never"`},
		"Karpenter's own label": {"NodePool", func(o *unstructured.Unstructured) {
			set(t, o, []any{map[string]any{"key": "karpenter.sh/nodepool", "operator": "In", "values": []any{"a"}}}, requirements()...)
		}, `label "karpenter.sh/nodepool" is restricted`},
		"an alias among others": {"EC2NodeClass", func(o *unstructured.Unstructured) {
			set(t, o, []any{map[string]any{"alias": "al2023@latest"}, map[string]any{"id": "ami-1"}}, "spec", "amiSelectorTerms")
		}, "'alias' is mutually exclusive"},
		"a role beside a profile": {"EC2NodeClass", func(o *unstructured.Unstructured) {
			set(t, o, "profile", "spec", "instanceProfile")
		}, "must specify exactly one of ['role', 'instanceProfile']"},
	} {
		for _, o := range documents(t, manifests) {
			if o.GetKind() != row.kind {
				continue
			}
			row.change(o)
			if err := c.take(t, o); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s: %v, want %q", name, err, row.says)
			}
		}
	}
}

// take lets the API server look at an object without keeping it.
func (c *cluster) take(t *testing.T, o *unstructured.Unstructured) error {
	t.Helper()
	return c.Create(t.Context(), o, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}
