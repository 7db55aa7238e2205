package k8snode

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// hiding is why a worker is to be hidden from schedule servers.
type hiding string

const (
	shown     hiding = ""
	leaving   hiding = "leaving" // for good
	disrupted hiding = "disrupted"
	cordoned  hiding = "cordoned"
	unready   hiding = "no-ready-pod"
)

// why says whether the node's worker is to be hidden. The node's conditions do
// not matter.
func (o Options) why(node *corev1.Node, podReady bool) hiding {
	announced := func(t corev1.Taint) bool { return slices.Contains(o.LeavingTaints, t.Key) }
	switch {
	case !node.DeletionTimestamp.IsZero():
		return leaving
	case slices.ContainsFunc(node.Spec.Taints, announced):
		return disrupted
	case node.Spec.Unschedulable:
		return cordoned
	case !podReady:
		return unready
	}
	return shown
}

// gated returns the place of the startup taint among the node's; -1 if it does
// not have it, or there is no gate.
func (o Options) gated(node *corev1.Node) int {
	if o.Taint.Key == "" {
		return -1
	}
	return slices.IndexFunc(node.Spec.Taints, func(t corev1.Taint) bool { return t.MatchTaint(&o.Taint) })
}

// registered reports whether a taint that is removed stays removed.
func (o Options) registered(node *corev1.Node) bool {
	return o.RegisteredLabel == "" || node.Labels[o.RegisteredLabel] == "true"
}

func podIsReady(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp.IsZero() && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
