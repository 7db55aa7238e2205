package karpenter

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	timeout   = 2 * time.Minute // for anything that the test waits for
	pollEvery = 50 * time.Millisecond
	gate      = "eipbinder.io/unbound"
)

// world is the cluster in its cloud.
type world struct {
	*cluster
	*cloud
	programs []*process // which must run
}

// eventually waits until it is so.
func (w *world) eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > timeout {
			tb.Fatalf("not within %s: %s\n%s", timeout, what, w.describe(tb))
		}
		for _, p := range w.programs {
			p.mustRun(tb)
		}
		time.Sleep(pollEvery)
	}
	tb.Logf("%6.1f s: %s", time.Since(began).Seconds(), what)
}

// describe says what nodes and pods there are.
func (w *world) describe(tb testing.TB) string {
	tb.Helper()
	var text strings.Builder
	var nodes corev1.NodeList
	must(tb, w.List(tb.Context(), &nodes))
	for _, n := range nodes.Items {
		text.WriteString("node " + n.Name + " " + n.Spec.ProviderID)
		for _, t := range n.Spec.Taints {
			text.WriteString(" " + t.ToString())
		}
		text.WriteString("\n")
	}
	var pods corev1.PodList
	must(tb, w.List(tb.Context(), &pods))
	for _, p := range pods.Items {
		text.WriteString("pod " + p.Name + " " + string(p.Status.Phase) + " on " + p.Spec.NodeName + "\n")
	}
	return text.String()
}

// worker is a node with the instance that it is.
type worker struct {
	node       *corev1.Node
	instanceID string
	address    string // as the node says
	name       string
}

// pod returns the pod, nil if there is none.
func (w *world) pod(tb testing.TB, name string) *corev1.Pod {
	tb.Helper()
	var pod corev1.Pod
	err := w.Get(tb.Context(), types.NamespacedName{Namespace: metav1.NamespaceDefault, Name: name}, &pod)
	if apierrors.IsNotFound(err) {
		return nil
	}
	must(tb, err)
	return &pod
}

// node returns the node, nil if there is none.
func (w *world) node(tb testing.TB, name string) *corev1.Node {
	tb.Helper()
	var node corev1.Node
	err := w.Get(tb.Context(), types.NamespacedName{Name: name}, &node)
	if apierrors.IsNotFound(err) {
		return nil
	}
	must(tb, err)
	return &node
}

// nodes returns those that Karpenter has registered.
func (w *world) nodes(tb testing.TB) []corev1.Node {
	tb.Helper()
	var nodes corev1.NodeList
	must(tb, w.List(tb.Context(), &nodes, client.MatchingLabels{"karpenter.sh/registered": "true"}))
	return nodes.Items
}

func gated(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.Key == gate })
}

// unschedulable reports whether kube-scheduler has found no node for the pod.
func unschedulable(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable &&
			strings.Contains(c.Message, "taint")
	})
}

// claims returns the NodeClaims by the name of their node.
func (w *world) claims(tb testing.TB) map[string]*unstructured.Unstructured {
	tb.Helper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "karpenter.sh", Version: "v1", Kind: "NodeClaimList"})
	must(tb, w.List(tb.Context(), list))
	claims := map[string]*unstructured.Unstructured{}
	for i := range list.Items {
		node, _, err := unstructured.NestedString(list.Items[i].Object, "status", "nodeName")
		must(tb, err)
		claims[node] = &list.Items[i]
	}
	return claims
}
