package k8snode_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/binder"
)

// A pod that is on its way out does not hold its worker visible, however ready it
// still is.
func TestReadyPodLeaves(t *testing.T) {
	w := newReadyWorld(t, 1)
	w.start()
	id := w.launch(binder.Running)
	node := w.register("a", id, registered).Name
	pod := w.pod(node, "media")
	w.holdPod(pod)
	w.ready(pod, true)
	w.eventually("visible", func() bool { return w.visible(id) && w.state(node) == "bound" })
	if err := w.kube.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	w.eventually("hidden", func() bool { return !w.visible(id) && w.state(node) == "hidden" })
	if err := w.kube.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
		t.Fatal(err)
	}
	if pod.DeletionTimestamp.IsZero() || pod.Status.Conditions[0].Status != corev1.ConditionTrue {
		t.Errorf("the pod is gone, or not ready: %+v", pod)
	}
}

// holdPod keeps the pod, when it is deleted, until the test ends.
func (w *world) holdPod(pod *corev1.Pod) {
	w.Helper()
	pod.Finalizers = []string{"example.com/held"}
	if err := w.kube.Update(w.Context(), pod); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		free := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`))
		if err := w.kube.Patch(context.WithoutCancel(w.Context()), pod, free); err != nil {
			w.Error(err)
		}
	})
}
