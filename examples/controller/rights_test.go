package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// The chart's rights are enough, and none is more than is used: the controller
// lives a worker's life as its ServiceAccount, and the API server writes down what
// it asks for.
func TestRights(t *testing.T) {
	for release, controller := range map[string]map[string]any{
		"plain-eipbinder": {},
		"pods-eipbinder":  {"readyPods": "app=media"},
		"some-eipbinder":  {"readyPods": "app=media", "readyNamespace": "default"},
	} {
		t.Run(release, func(t *testing.T) {
			kube := newClient(t)
			values := chartValues()
			configOf(values)["controller"] = controller
			objects, err := render(release, values)
			if err != nil {
				t.Fatal(err)
			}
			giveRights(t, kube, objects)
			user := serviceAccount(t, release)
			config, err := user.KubeConfig()
			if err != nil {
				t.Fatal(err)
			}
			_, args := contents(t, objects)
			a := newAccount(t, release, lives).inFile(t, controller)
			p := a.start(t, config, args[1:]...)
			a.settings["KUBE_FEATURE_WatchListClient"] = "false" // as with an API server that does not list by watching
			other := a.start(t, config, args[1:]...)
			rights := granted(t, objects)
			unused := maps.Clone(rights)
			a.live(t, kube, func() bool {
				for _, r := range requests(t, userName(release)) {
					if !r.forbidden() {
						delete(unused, r.right(rights))
					}
				}
				return len(unused) == 0 || p.over() || other.over()
			})
			if n := a.boundEvents(t, kube); n < 2 {
				t.Errorf("%d events say that a worker is bound, want one for each, of two at least", n)
			}
			p.kill()
			other.kill()
			if said := p.output.String() + other.output.String(); len(unused) > 0 || strings.Contains(said, "forbidden") {
				t.Errorf("rights that it does not use: %v; it says:\n%s", unused, said)
			}
			for _, r := range requests(t, userName(release)) {
				if used := r.right(rights); r.forbidden() || !rights[used] {
					t.Errorf("it needs one more: %v", used)
				}
			}
			mayNotElse(t, user, release == "pods-eipbinder")
		})
	}
}

// giveRights creates accounts, roles and bindings, for as long as the test runs.
func giveRights(t *testing.T, kube client.Client, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range objects {
		switch o.GetKind() {
		case "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			if err := kube.Create(t.Context(), o.DeepCopy()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = kube.Delete(context.WithoutCancel(t.Context()), o) })
		}
	}
}

func userName(release string) string { return "system:serviceaccount:kube-system:" + release }

// serviceAccount returns the user that the release's pods are, whose requests are
// written down.
func serviceAccount(t *testing.T, release string) *envtest.AuthenticatedUser {
	t.Helper()
	user, err := controlPlane.AddUser(envtest.User{
		Name:   userName(release),
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated", audited},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// lives is how many workers there are at most, one after the other.
const lives = 8

// live launches a worker with a ready pod, and ends it, until it is enough. What is
// told of a name a second time is told by a patch; nothing is told of an end that
// a sweep has found.
func (a account) live(t *testing.T, kube client.Client, enough func() bool) {
	t.Helper()
	for life := range lives {
		id := a.launch(t, kube, 1)[0]
		node := a.nodes(t, kube)[0]
		if life == 0 {
			runReadyPod(t, kube, node.Name)
		}
		bound := func() bool { return a.nodes(t, kube)[0].Annotations[k8snode.AnnotationAddress] != "" }
		if !within(30*time.Second, bound) {
			t.Error("the worker is not bound")
			return
		}
		if err := errors.Join(kube.Delete(t.Context(), &node), a.Terminate(id)); err != nil {
			t.Fatal(err)
		}
		held := func(address awssim.Address) bool { return address.InstanceID != "" }
		if !within(30*time.Second, func() bool { return !slices.ContainsFunc(a.Addresses(), held) }) {
			t.Error("the worker's binding is not taken back")
		}
		if within(2*time.Second, enough) {
			return
		}
	}
}

// runReadyPod does what scheduler and kubelet do.
func runReadyPod(t *testing.T, kube client.Client, node string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: node, Namespace: "default", Labels: map[string]string{"app": "media"}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "media", Image: "media"}}},
	}
	if err := kube.Create(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kube.Delete(context.WithoutCancel(t.Context()), pod, client.GracePeriodSeconds(0)) })
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	if err := kube.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
}

// mayNotElse tries what the user must not do.
func mayNotElse(t *testing.T, user *envtest.AuthenticatedUser, listPods bool) {
	t.Helper()
	limited, err := client.New(user.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "any"}}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "another", Namespace: "kube-system"}}
	attempts := map[string]error{
		"delete a node":       limited.Delete(t.Context(), &node),
		"update a node":       limited.Update(t.Context(), &node),
		"list secrets":        limited.List(t.Context(), &corev1.SecretList{}),
		"take another lease":  limited.Update(t.Context(), lease),
		"make a lease there":  limited.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "another", Namespace: "default"}}),
		"delete pods of ours": limited.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace("default")),
	}
	if !listPods {
		attempts["list all pods"] = limited.List(t.Context(), &corev1.PodList{})
	}
	for what, err := range attempts {
		if !apierrors.IsForbidden(err) {
			t.Errorf("it may %s: %v", what, err)
		}
	}
}
