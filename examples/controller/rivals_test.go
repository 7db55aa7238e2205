package main

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/eipbinder/eipbinder/adapters/k8snode"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
	"github.com/eipbinder/eipbinder/internal/parts"
)

// Two deployments, which know nothing of each other's records, serve the same Nodes
// with the same addresses: a mistake. No worker loses its address, each Node is
// bound by the one that claimed it, and the other one says whose it is. EC2 would
// let either displace what the other has associated, and so does this account.
func TestRivals(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "rivals", 140)
	first, second := a.apart(t, "first"), a.apart(t, "second")
	both := leaders{first.lead(t, "rivals-first"), second.lead(t, "rivals-second")}
	w := a.watch(t)

	ids := a.launch(t, kube, 60)
	both.until(t, "60 are usable", func() bool { return a.usable(t, kube) == 60 })
	ids = append(ids, a.launch(t, prefixed{kube, "late-"}, 10)...)
	both.until(t, "70 are usable", func() bool { return a.usable(t, kube) == 70 })
	both.until(t, "all of them have a warning", func() bool { return a.warnings(t, kube) == 70 })
	both.sweep(t)

	w.wantKept(t, ids)
	a.check(t, kube, ids)
	a.wantClaims(t, kube, wantTrue(t, ids, first, second))
}

// Two deployments share a pool, and each has Nodes of its own. No address is taken
// from a worker, however few there are.
func TestSharedPool(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "shared-pool", 50)
	first, second := a.apart(t, "first"), a.apart(t, "second")
	second.pool = "shared-pool-second"
	second.settings[deployment.EnvInstanceTags] = "karpenter.sh/nodepool=" + second.pool
	both := leaders{first.lead(t, "shared-pool-first"), second.lead(t, "shared-pool-second")}
	w := a.watch(t)

	ids := first.launch(t, kube, 20)
	ids = append(ids, second.launch(t, kube, 20)...)
	both.until(t, "all are usable", func() bool { return first.usable(t, kube)+second.usable(t, kube) == len(ids) })
	both.sweep(t)

	w.wantKept(t, ids)
	whose := wantTrue(t, ids, first, second)
	first.wantClaims(t, kube, whose)
	second.wantClaims(t, kube, whose)
}

// Two releases that both lead, with the same settings and the same records, are as
// replicas are.
func TestTwoReleasesOneStore(t *testing.T) {
	kube := newClient(t)
	a := newAccount(t, "releases", 50).apart(t, "one")
	a.settings[deployment.EnvStore] = parts.PostgreSQL(t)
	both := leaders{a.lead(t, "releases-first"), a.lead(t, "releases-second")}
	w := a.watch(t)

	ids := a.launch(t, kube, 40)
	both.until(t, "all are usable", func() bool { return a.usable(t, kube) == len(ids) })
	both.sweep(t)

	w.wantKept(t, ids)
	a.check(t, kube, ids)
	a.wantClaims(t, kube, wantTrue(t, ids, a))
	if n := a.warnings(t, kube); n > 0 {
		t.Errorf("%d Nodes have a warning that another deployment has claimed them", n)
	}
}

// wantClaims checks that each Node has its instance's address, and is claimed by
// the deployment in whose records the instance is: the same for all of it, and
// another one for each.
func (a account) wantClaims(t *testing.T, kube client.Client, whose map[string]string) {
	t.Helper()
	held, claims := a.held(), map[string]string{}
	for _, node := range a.nodes(t, kube) {
		id, claim := instanceOf(node), node.Annotations[k8snode.AnnotationDeployment]
		if got, says := held[id], node.Annotations[k8snode.AnnotationAddress]; !slices.Equal(got, []string{says}) {
			t.Errorf("%s holds %v, its Node says %q", id, got, says)
		}
		if by := claims[claim]; claim == "" || by != "" && by != whose[id] {
			t.Errorf("%s of %s is claimed by %q, as those of %q are", id, whose[id], claim, by)
		}
		claims[claim] = whose[id]
	}
}

// warnings counts the Nodes that were warned that another deployment, which the
// warning names, has claimed them: as README.md has it.
func (a account) warnings(t *testing.T, kube client.Client) int {
	t.Helper()
	var list corev1.EventList
	if err := kube.List(t.Context(), &list, client.MatchingFields{"reason": "ClaimedByAnother"}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, node := range a.nodes(t, kube) {
		claim := node.Annotations[k8snode.AnnotationDeployment]
		if claim != "" && slices.ContainsFunc(list.Items, func(e corev1.Event) bool {
			return e.InvolvedObject.Name == node.Name && e.Type == corev1.EventTypeWarning && strings.Contains(e.Message, claim)
		}) {
			n++
		}
	}
	return n
}

func instanceOf(node corev1.Node) string {
	return node.Spec.ProviderID[strings.LastIndex(node.Spec.ProviderID, "/")+1:]
}
