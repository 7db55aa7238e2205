package k8snode

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/binder"
)

const instance = "i-0123456789abcdef0"

// aNode waits behind its gate, unless it is edited. A real API server gives it a UID
// of its own.
func aNode(edits ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "1", Annotations: map[string]string{"x": "1"}, Labels: map[string]string{
			"karpenter.sh/nodepool": "media", "karpenter.sh/registered": "true",
		}},
		Spec: corev1.NodeSpec{ProviderID: "aws:///a/" + instance, Taints: []corev1.Taint{defaults().Taint}},
	}
	for _, edit := range edits {
		edit(n)
	}
	return n
}

// labelled is a node whose worker is bound, with no taint of ours.
func labelled(state string, cordon bool) *corev1.Node {
	return aNode(func(n *corev1.Node) {
		n.Spec.Unschedulable, n.Spec.Taints = cordon, nil
		n.Labels[LabelState], n.Annotations[AnnotationAddress] = state, "203.0.113.7"
	})
}

// scripted is a Binder whose Drain and Undrain answer as they are told.
type scripted struct {
	Binder
	outcome binder.Outcome
	err     error
	calls   int
}

func (s *scripted) Drain(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	s.calls++
	return s.outcome, s.err
}

func (s *scripted) Undrain(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	s.calls++
	return s.outcome, s.err
}

// controllerOn is a Controller without a manager: a test calls it by hand. The API
// server has the node until the test ends. What its events say can be read.
func controllerOn(t *testing.T, b Binder, node *corev1.Node) (*Controller, func() string) {
	t.Helper()
	kube, err := client.New(APIServer(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := kube.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		letGo := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		for _, err := range []error{kube.Patch(ctx, node, letGo), kube.Delete(ctx, node)} {
			if client.IgnoreNotFound(err) != nil {
				t.Error(err)
			}
		}
	})
	return controllerBy(t, b, kube)
}

// controllerBy is one with this client, which knows that node.
func controllerBy(t *testing.T, b Binder, kube client.Client) (*Controller, func() string) {
	t.Helper()
	c, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	recorder := events.NewFakeRecorder(100)
	c.client, c.reader, c.recorder = kube, kube, recorder
	c.looks.attach("a", instance)
	return c, func() string {
		var said []string
		for len(recorder.Events) > 0 {
			said = append(said, <-recorder.Events)
		}
		return strings.Join(said, "\n")
	}
}

func theNode(t *testing.T, c *Controller) *corev1.Node {
	t.Helper()
	var n corev1.Node
	if err := c.client.Get(t.Context(), client.ObjectKey{Name: "a"}, &n); err != nil {
		t.Fatal(err)
	}
	return &n
}
