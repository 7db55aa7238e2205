package k8snode_test

import (
	"context"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/binder"
)

// A patch that an admission policy refuses, with the same code that a lost race
// has, is said, and tried again with back-off; when the policy goes, the gate
// opens.
func TestRefused(t *testing.T) {
	w := newWorld(t, 1)
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	policy := w.refuse(node)
	c := w.start()
	w.eventually("told", func() bool { return w.told(node, "NodeUpdateRefused") })
	w.stays("the gate is closed", func() bool { return hasTaint(w.node(node), gate) })
	patches := 0
	for _, made := range c.requests.list() {
		if strings.HasPrefix(made, "PATCH ") && strings.HasSuffix(made, node) {
			patches++
		}
	}
	if patches > 5 { // at 0, 1 and 3 s, and with each sweep's news
		t.Errorf("%d patches", patches)
	}
	if err := w.kube.Delete(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	w.eventually("the gate is open", func() bool { return !hasTaint(w.node(node), gate) })
}

// refuse makes the API server refuse every change of the node, as invalid.
func (w *world) refuse(node string) client.Object {
	w.Helper()
	reason := metav1.StatusReasonInvalid
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "refuse-" + node},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				ResourceNames: []string{node},
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"nodes"}},
				},
			}}},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "not this one", Reason: &reason}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policy.Name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: policy.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}
	for _, o := range []client.Object{policy, binding} {
		if err := w.kube.Create(w.Context(), o); err != nil {
			w.Fatal(err)
		}
		w.Cleanup(func() { _ = w.kube.Delete(context.WithoutCancel(w.Context()), o) })
	}
	w.eventually("the policy is in force", func() bool {
		change := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"add","path":"/metadata/labels/probe","value":"1"}]`))
		return apierrors.IsInvalid(w.kube.Patch(w.Context(), w.node(node), change, client.DryRunAll))
	})
	return policy
}
