package main

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/store"
)

// sweeps waits until the leader has swept so often again.
func (p probed) sweeps(t *testing.T, more float64) {
	t.Helper()
	swept := func() float64 { return value(p.meters(t), "eipbinder_sweeps_total", "result=complete") }
	began := swept()
	if !within(time.Minute, func() bool { return swept() >= began+more }) {
		t.Errorf("%v sweeps are complete, want %v", swept(), began+more)
	}
}

// A worker whose Node is gone while its instance runs on stays bound, whatever is
// swept, and is hidden until a Node is registered for it again.
func TestNodeGoneInstanceRuns(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "runs-on", 2)
	p := a.startProbed(t, controlPlane.KubeConfig)
	ids := a.launch(t, kube, 1)
	a.waitUsable(t, kube, p.process, 1)
	node := a.nodes(t, kube)[0]
	if err := kube.Delete(t.Context(), &node); err != nil {
		t.Fatal(err)
	}
	if !within(time.Minute, func() bool { return !a.visible(t, ids[0]) }) {
		t.Error("schedule servers see it")
	}
	p.sweeps(t, 3)
	if held := a.held()[ids[0]]; len(held) != 1 || held[0] != node.Annotations[k8snode.AnnotationAddress] {
		t.Errorf("it holds %v, want %s", held, node.Annotations[k8snode.AnnotationAddress])
	}
	if a.visible(t, ids[0]) {
		t.Error("schedule servers see it again")
	}

	again := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "runs-on-again", Labels: map[string]string{"karpenter.sh/nodepool": a.pool, "karpenter.sh/registered": "true"}},
		Spec: corev1.NodeSpec{ProviderID: node.Spec.ProviderID, Taints: []corev1.Taint{
			foreign, {Key: "eipbinder.io/unbound", Effect: corev1.TaintEffectNoSchedule},
		}},
	}
	if err := kube.Create(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kube.Delete(context.WithoutCancel(t.Context()), again) })
	a.waitUsable(t, kube, p.process, 1)
	if !within(time.Minute, func() bool { return a.visible(t, ids[0]) }) {
		t.Error("schedule servers do not see it again")
	}
	a.check(t, kube, ids)
	if got := a.nodes(t, kube)[0].Annotations[k8snode.AnnotationAddress]; got != node.Annotations[k8snode.AnnotationAddress] {
		t.Errorf("it has %s now, and had %s", got, node.Annotations[k8snode.AnnotationAddress])
	}
}

// visible reports whether schedule servers see the worker.
func (a account) visible(t *testing.T, id string) bool {
	t.Helper()
	records := a.records(t)
	found, err := records.Get(t.Context(), store.ByInstance(id))
	if err != nil {
		t.Fatal(err)
	}
	return len(found) == 1 && found[0].Visible()
}
