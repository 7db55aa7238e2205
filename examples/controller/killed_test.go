package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Replicas are killed while many nodes arrive, the leader first, and while some of
// them leave (no more than a sweep may take back at once); and somebody else edits
// the nodes' taints all the time. Nothing is bound twice, nothing is lost, and no
// taint of others is.
func TestReplicasAreKilled(t *testing.T) {
	const count = 200
	kube := newClient(t)
	a := newAccount(t, "killed", count)
	r := a.replicas(t, kube)
	ids := a.launch(t, kube, count)
	e := a.editTaints(t, kube)
	r.storm(t, kube, count)

	for i, node := range a.nodes(t, kube) {
		id := node.Spec.ProviderID[strings.LastIndex(node.Spec.ProviderID, "/")+1:]
		if i%5 > 0 {
			continue
		}
		if err := errors.Join(a.Terminate(id), kube.Delete(t.Context(), &node)); err != nil {
			t.Fatal(err)
		}
		ids = slices.DeleteFunc(ids, func(other string) bool { return other == id })
	}
	r.calm(t, kube)
	e.stop()
	a.check(t, kube, ids)
	e.check(t, kube)
	for i := range r.running {
		if !slices.Contains(r.killed, i) {
			t.Errorf("replica %d was never killed: %v", i, r.killed)
		}
	}
	t.Logf("killed in this order: %v; %d edits by somebody else", r.killed, e.edits)
}

// replicas are three processes of which one leads.
type replicas struct {
	account
	running [3]*process
	leader  string // the first one's name as a leader
	killed  []int
}

// replicas starts three, of which the first one leads.
func (a account) replicas(t *testing.T, kube client.Client) *replicas {
	t.Helper()
	r := &replicas{account: a}
	r.running[0] = r.startOne(t)
	for began := time.Now(); r.leader == ""; time.Sleep(50 * time.Millisecond) {
		if r.leader = a.holder(t, kube); time.Since(began) > time.Minute || r.running[0].over() {
			r.running[0].kill()
			t.Fatalf("it does not lead; it says:\n%s", r.running[0].output)
		}
	}
	for i := range r.running[1:] {
		r.running[1+i] = r.startOne(t)
	}
	return r
}

// startOne starts one that keeps its Lease on a slow machine, too.
func (r *replicas) startOne(t *testing.T) *process {
	t.Helper()
	return r.start(t, controlPlane.KubeConfig, "--leader-lease", "5s")
}

// holder is who leads; empty: nobody does.
func (a account) holder(t *testing.T, kube client.Client) string {
	t.Helper()
	var lease coordinationv1.Lease
	err := kube.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "test-" + a.pool}, &lease)
	if client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	if err != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// storm waits until all nodes are usable. The leader is killed after the first of
// them, the others after any of the next, and then anybody: in the midst of it,
// however fast the machine is.
func (r *replicas) storm(t *testing.T, kube client.Client, count int) {
	t.Helper()
	quarter := count / 4
	next := []int{1, quarter + rand.IntN(quarter), 2*quarter + rand.IntN(quarter), 3*quarter + rand.IntN(quarter)}
	r.until(t, "all are usable", func() bool {
		usable := r.usable(t, kube)
		for len(next) > 0 && usable >= next[0] {
			next = next[1:]
			r.killNext(t, kube)
		}
		return usable == count
	})
}

// calm waits until there is nothing left to do, while anybody is killed at any
// time.
func (r *replicas) calm(t *testing.T, kube client.Client) {
	t.Helper()
	b, due, more := r.binder(t), time.Now(), 4
	r.until(t, "all that left is taken back", func() bool {
		if more > 0 && time.Now().After(due) {
			more--
			r.killNext(t, kube)
			due = time.Now().Add(time.Duration(500+rand.IntN(2500)) * time.Millisecond)
		}
		return r.settled(t, b)
	})
}

// killNext kills the leader, then both others in any order, then anybody.
func (r *replicas) killNext(t *testing.T, kube client.Client) {
	t.Helper()
	victim := rand.IntN(len(r.running))
	switch len(r.killed) {
	case 0:
		if victim = 0; r.holder(t, kube) != r.leader {
			t.Error("the first replica does not lead any more")
		}
	case 1:
		victim = 1 + rand.IntN(2)
	case 2:
		victim = 3 - r.killed[1]
	}
	r.running[victim].kill()
	r.killed = append(r.killed, victim)
}

// until waits until it is so, and starts those anew that have ended. All the time,
// no instance holds two addresses.
func (r *replicas) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for began := time.Now(); !so(); time.Sleep(50 * time.Millisecond) {
		for id, addresses := range r.held() {
			if len(addresses) > 1 {
				t.Errorf("%s holds %v", id, addresses)
			}
		}
		if time.Since(began) > 3*time.Minute {
			for _, p := range r.running {
				p.kill()
				t.Logf("a replica says:\n%s", p.output)
			}
			t.Fatal("not within 3 min: " + what)
		}
		for i, p := range r.running {
			if p.over() {
				r.running[i] = r.startOne(t)
			}
		}
	}
}

// editor is somebody who has a taint of their own on each node, and changes it all
// the time.
type editor struct {
	stop  func()
	taint map[string]corev1.Taint // by node
	edits int
}

// editTaints edits, as a careful client does, until it is stopped.
func (a account) editTaints(t *testing.T, kube client.Client) *editor {
	t.Helper()
	e := &editor{taint: map[string]corev1.Taint{}}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			e.editEach(ctx, t, kube, a.pool)
		}
	})
	e.stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(e.stop)
	return e
}

func (e *editor) editEach(ctx context.Context, t *testing.T, kube client.Client, pool string) {
	var list corev1.NodeList
	if err := kube.List(ctx, &list, client.MatchingLabels{"karpenter.sh/nodepool": pool}); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	for _, node := range list.Items {
		if ctx.Err() != nil {
			return
		}
		e.edit(context.WithoutCancel(ctx), t, kube, &node)
	}
}

// edit puts the next taint in place of the last one, anywhere. That somebody was
// faster, or has deleted the node, is no harm.
func (e *editor) edit(ctx context.Context, t *testing.T, kube client.Client, node *corev1.Node) {
	last, edited := e.taint[node.Name]
	next := corev1.Taint{Key: fmt.Sprintf("example.com/edit-%d", e.edits), Effect: corev1.TaintEffectPreferNoSchedule}
	kept := slices.DeleteFunc(node.Spec.Taints, func(other corev1.Taint) bool { return edited && other.MatchTaint(&last) })
	node.Spec.Taints = slices.Insert(kept, rand.IntN(len(kept)+1), next)
	switch err := kube.Update(ctx, node); {
	case err == nil:
		e.taint[node.Name] = next
		e.edits++
	case !apierrors.IsConflict(err) && !apierrors.IsNotFound(err):
		t.Error(err)
	}
}

// check compares with what the nodes have.
func (e *editor) check(t *testing.T, kube client.Client) {
	t.Helper()
	var list corev1.NodeList
	if err := kube.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, node := range list.Items {
		taint, edited := e.taint[node.Name]
		if !edited {
			continue
		}
		compared++
		if len(node.Spec.Taints) != 2 || !slices.ContainsFunc(node.Spec.Taints, func(other corev1.Taint) bool { return other.MatchTaint(&taint) }) {
			t.Errorf("%s should have %s of others, and %s: it has %v", node.Name, foreign.Key, taint.Key, node.Spec.Taints)
		}
	}
	if compared < 100 || e.edits < 2*compared {
		t.Errorf("%d nodes were edited, %d times", compared, e.edits)
	}
}
