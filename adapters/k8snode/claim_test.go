package k8snode

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/eipbinder/eipbinder/binder"
)

// Of two that see a node that is nobody's, one gets it; the other looks again.
func TestClaimIsLost(t *testing.T) {
	winner, _ := controllerOn(t, &scripted{}, aNode())
	loser, _ := controllerBy(t, &scripted{}, winner.client)
	winner.opts.Deployment, loser.opts.Deployment = "one", "two"
	seen := theNode(t, loser)
	if _, err := winner.Reconcile(t.Context(), request("a")); err != nil {
		t.Fatal(err)
	}
	late := worker{Controller: loser, node: seen, id: instance}
	if again, err := late.claim(t.Context()); again != shortRetry || err != nil {
		t.Errorf("%s, %v", again, err)
	}
	if claim := claimOf(theNode(t, winner)); claim != "one" || loser.looks.of(instance).claim != "" {
		t.Errorf("it is claimed by %q", claim)
	}
	if !winner.looks.of(instance).asked || winner.looks.of(instance).claim != "one" {
		t.Errorf("%+v", winner.looks.of(instance))
	}
}

// A node that is another one by now, or none, is not claimed, nor made.
func TestClaimIsLate(t *testing.T) {
	for name, again := range map[string]bool{"gone": false, "another": true} {
		t.Run(name, func(t *testing.T) {
			old := aNode()
			c, said := controllerOn(t, &scripted{}, old)
			if err := c.client.Delete(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			if again {
				if err := c.client.Create(t.Context(), aNode()); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.client.Delete(t.Context(), aNode()) })
			}
			late := worker{Controller: c, node: old, id: instance}
			if wait, err := late.claim(t.Context()); wait != shortRetry || err != nil || said() != "" {
				t.Errorf("%s, %v", wait, err)
			}
			if !again {
				if err := c.client.Get(t.Context(), client.ObjectKey{Name: "a"}, old); client.IgnoreNotFound(err) != nil || err == nil {
					t.Errorf("the node is there: %v", err)
				}
			} else if claim := claimOf(theNode(t, c)); claim != "" {
				t.Errorf("it is claimed by %q", claim)
			}
		})
	}
}

// What a sweep has found out before a node was claimed keeps it waiting no longer.
func TestAskedOnceClaimed(t *testing.T) {
	c, _ := controllerOn(t, &scripted{}, aNode())
	c.looks.found(binder.Outcome{InstanceID: instance, Status: binder.NotReady, RetryAfter: time.Hour}, time.Now())
	if _, err := c.Reconcile(t.Context(), request("a")); err != nil || !c.looks.of(instance).asked {
		t.Errorf("%+v, %v", c.looks.of(instance), err)
	}
}

// A cache that does not show the claim yet neither takes it back nor claims twice;
// a call that began before the claim is made again.
func TestClaimIsNotShownYet(t *testing.T) {
	node := aNode()
	c, _ := controllerOn(t, &scripted{}, node)
	c.looks.ask(instance)
	call, _ := c.looks.depart()
	if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
		t.Fatal(err)
	}
	shown := theNode(t, c)
	api, err := client.NewWithWatch(APIServer(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.client = interceptor.NewClient(api, interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
			node.DeepCopyInto(object.(*corev1.Node)) // as it was made
			return nil
		},
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return errors.New("a second claim")
		},
	})
	if _, err := c.Reconcile(t.Context(), request("a")); err != nil || c.looks.of(instance).claim != "eipbinder" || claimOf(shown) != "eipbinder" {
		t.Errorf("%+v, %v", c.looks.of(instance), err)
	}
	c.looks.land(call, binder.Outcome{InstanceID: instance, Status: binder.NotReady, Reason: "no node of it is claimed", RetryAfter: time.Hour})
	if !c.looks.of(instance).asked {
		t.Error("it is not asked about again")
	}
}

// An empty claim is nobody's.
func TestEmptyClaim(t *testing.T) {
	c, _ := controllerOn(t, &scripted{}, aNode(func(n *corev1.Node) { n.Annotations[AnnotationDeployment] = "" }))
	if _, err := c.Reconcile(t.Context(), request("a")); err != nil || claimOf(theNode(t, c)) != "eipbinder" || !c.looks.of(instance).asked {
		t.Errorf("%q, %+v, %v", claimOf(theNode(t, c)), c.looks.of(instance), err)
	}
}

// A node that says that it is bound, which it is not, and that nobody has claimed, is
// claimed and asked about.
func TestUnclaimedAndUnbound(t *testing.T) {
	c, _ := controllerOn(t, &scripted{}, labelled(StateBound, false))
	if _, err := c.Reconcile(t.Context(), request("a")); err != nil || claimOf(theNode(t, c)) != "" {
		t.Errorf("%v", err)
	}
	c.looks.found(binder.Outcome{InstanceID: instance, Status: binder.NotReady, RetryAfter: time.Hour}, time.Now())
	if _, err := c.Reconcile(t.Context(), request("a")); err != nil || claimOf(theNode(t, c)) != "eipbinder" || !c.looks.of(instance).asked {
		t.Errorf("%q, %+v, %v", claimOf(theNode(t, c)), c.looks.of(instance), err)
	}
}

// What cannot be a claim is refused.
func TestDeploymentRefused(t *testing.T) {
	for _, name := range []string{"", "a b", "a\n", "mü", strings.Repeat("a", 101)} {
		if _, err := New(&scripted{}, func(o *Options) { o.Deployment = name }); !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), "Deployment") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := New(&scripted{}, func(o *Options) { o.Deployment = strings.Repeat("~", 100) }); err != nil {
		t.Error(err)
	}
}
