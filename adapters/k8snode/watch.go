package k8snode

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// onNode is the index of pods by their node.
const onNode = "spec.nodeName"

func (c *Controller) watch(mgr ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named(name).
		For(&corev1.Node{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: matters})).
		WatchesRawSource(source.Func(c.start)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: c.opts.Concurrency,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, time.Minute),
		})
	if c.opts.ReadyPods != nil {
		if err := mgr.GetFieldIndexer().IndexField(context.Background(), &corev1.Pod{}, onNode, nodeOf); err != nil {
			return fmt.Errorf("index the pods: %w", err)
		}
		b = b.Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(c.toNode))
	}
	return b.Complete(c)
}

// start takes the queue's way in, for what is found out beside the API server.
func (c *Controller) start(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	c.looks.mu.Lock()
	defer c.looks.mu.Unlock()
	c.looks.requeue = func(node string) { q.Add(request(node)) }
	return nil
}

func request(node string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: node}}
}

// matters reports whether a change of a node is about anything but its heartbeat.
func matters(e event.UpdateEvent) bool {
	was, is := e.ObjectOld.(*corev1.Node), e.ObjectNew.(*corev1.Node)
	sameTaint := func(a, b corev1.Taint) bool { return a.MatchTaint(&b) && a.Value == b.Value }
	return was.UID != is.UID || was.Spec.ProviderID != is.Spec.ProviderID ||
		was.Spec.Unschedulable != is.Spec.Unschedulable || was.DeletionTimestamp.IsZero() != is.DeletionTimestamp.IsZero() ||
		!slices.EqualFunc(was.Spec.Taints, is.Spec.Taints, sameTaint) ||
		!maps.Equal(was.Labels, is.Labels) || !maps.Equal(was.Annotations, is.Annotations)
}

// toNode leads from a pod to its node.
func (c *Controller) toNode(_ context.Context, object client.Object) []reconcile.Request {
	pod := object.(*corev1.Pod)
	if pod.Spec.NodeName == "" {
		return nil
	}
	return []reconcile.Request{request(pod.Spec.NodeName)}
}

func nodeOf(object client.Object) []string { return []string{object.(*corev1.Pod).Spec.NodeName} }

// podReady reports whether one of the pods that the worker is for is Ready on
// the node; true if there is nothing to wait for.
func (c *Controller) podReady(ctx context.Context, node string) (bool, error) {
	if c.opts.ReadyPods == nil {
		return true, nil
	}
	var pods corev1.PodList
	err := c.client.List(ctx, &pods, client.MatchingFields{onNode: node},
		client.InNamespace(c.opts.ReadyNamespace), client.MatchingLabelsSelector{Selector: c.opts.ReadyPods})
	return slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return podIsReady(&p) }), err
}

// Cache returns what the manager's cache need keep for the Controller: of nodes,
// nothing of their status; of pods, those that Options.ReadyPods chooses.
func (c *Controller) Cache() cache.Options {
	kept := map[client.Object]cache.ByObject{&corev1.Node{}: {Transform: withoutStatus}}
	if c.opts.ReadyPods != nil {
		pods := cache.ByObject{Label: c.opts.ReadyPods, Transform: onlyReadiness}
		if c.opts.ReadyNamespace != "" {
			pods.Namespaces = map[string]cache.Config{c.opts.ReadyNamespace: {}}
		}
		kept[&corev1.Pod{}] = pods
	}
	return cache.Options{ByObject: kept}
}

func withoutStatus(object any) (any, error) {
	if node, ok := object.(*corev1.Node); ok {
		node.ManagedFields, node.Status = nil, corev1.NodeStatus{}
	}
	return object, nil
}

func onlyReadiness(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
			Labels: pod.Labels, DeletionTimestamp: pod.DeletionTimestamp,
		},
		Spec:   corev1.PodSpec{NodeName: pod.Spec.NodeName},
		Status: corev1.PodStatus{Conditions: pod.Status.Conditions},
	}, nil
}
