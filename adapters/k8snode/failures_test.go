package k8snode

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/eipbinder/eipbinder/binder"
)

// refusing is a Controller whose API server answers patches with this error.
func refusing(t *testing.T, b Binder, node *corev1.Node, patching error) (*Controller, func() string) {
	t.Helper()
	return controllerBy(t, b, apiServer(node).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return patching
		},
	}).Build())
}

// apiServer is a fake one: what a real one refuses depends on what it is made of.
// It has the node, and finds it by its name.
func apiServer(node *corev1.Node) *fake.ClientBuilder {
	name := func(o client.Object) []string { return []string{o.GetName()} }
	return fake.NewClientBuilder().WithObjects(node).WithIndex(&corev1.Node{}, metav1.ObjectNameField, name)
}

// The node is told again soon where somebody was faster, with back-off where the
// API server fails or refuses, and not at all if it is gone. What is refused is
// said, once.
func TestPatchFails(t *testing.T) {
	nodes := schema.GroupResource{Resource: "nodes"}
	invalid := apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", "x", 0, false)
	tainted := func(n *corev1.Node) {
		n.Spec.Taints = append([]corev1.Taint{{Key: "new", Effect: "NoSchedule"}}, n.Spec.Taints...)
	}
	for name, row := range map[string]struct {
		patching error
		is       func(*corev1.Node) // by now
		again    time.Duration
		fails    bool
		told     bool
		said     int
	}{
		"conflict":             {apierrors.NewConflict(nodes, "a", errors.New("x")), nil, shortRetry, false, false, 0},
		"a test failed":        {invalid, tainted, shortRetry, false, false, 0},
		"it is another node":   {invalid, func(n *corev1.Node) { n.UID = "2" }, shortRetry, false, false, 0},
		"refused by a webhook": {invalid, nil, 0, true, false, 1},
		"refused by a policy":  {apierrors.NewInvalid(schema.GroupKind{Kind: "Node"}, "a", nil), nil, 0, true, false, 1},
		"gone":                 {apierrors.NewNotFound(nodes, "a"), nil, 0, false, true, 0},
		"forbidden":            {apierrors.NewForbidden(nodes, "a", errors.New("x")), nil, 0, true, false, 1},
		"unavailable":          {apierrors.NewServiceUnavailable("x"), nil, 0, true, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c, said := refusing(t, &scripted{}, aNode(), row.patching)
			if row.is != nil {
				c.reader = apiServer(aNode(row.is)).Build()
			}
			c.looks.found(binder.Outcome{InstanceID: instance, Status: binder.AlreadyBound, IP: netip.MustParseAddr("203.0.113.7"), Name: "a.example.com."}, time.Now())
			for range 2 {
				result, err := c.Reconcile(t.Context(), request("a"))
				if row.again > 0 && result.RequeueAfter != row.again || (err != nil) != row.fails {
					t.Errorf("%+v, %v", result, err)
				}
				if row.told {
					break
				}
			}
			if told := c.looks.of(instance).outcome == nil; told != row.told {
				t.Errorf("the outcome is done with: %t", told)
			}
			if text := said(); strings.Count(text, "NodeUpdateRefused") != row.said {
				t.Errorf("said %q", text)
			}
		})
	}
}

// A worker is hidden though its node takes nothing, and though its gate could
// not be opened.
func TestHiddenThoughTheNodeRefuses(t *testing.T) {
	b := &scripted{outcome: aBound(binder.DrainedBy(HiddenBy))}
	node := aNode(func(n *corev1.Node) { n.Spec.Unschedulable = true })
	c, said := refusing(t, b, node, apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "a", errors.New("x")))
	c.looks.found(aBound(""), time.Now())
	if _, err := c.Reconcile(t.Context(), request("a")); err == nil {
		t.Error("the node took it")
	}
	if c.orders.queue.Len() != 1 {
		t.Fatal("no order was given")
	}
	id, _ := c.orders.queue.Get()
	c.orders.carryOut(t.Context(), id)
	if know := c.looks.of(instance); b.calls != 1 || !know.hidden() || strings.Count(said(), "NodeUpdateRefused") != 1 {
		t.Errorf("%d calls, %+v", b.calls, know)
	}
}

// Ready pods need a Binder that hides what it binds.
func TestReadyPodsNeedHiding(t *testing.T) {
	gate := func(o *Options) { o.ReadyPods = labels.Everything() }
	plain, _ := inMemory(t, 0, 0)
	hiding, _ := inMemory(t, 0, 0, func(o *binder.Options) { o.StartHidden = true })
	if _, err := New(plain, gate); !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), "StartHidden") {
		t.Errorf("refused by %v", err)
	}
	if _, err := New(struct{ Binder }{hiding}, gate); !errors.Is(err, binder.ErrConfig) {
		t.Errorf("one that forwards nothing: %v", err)
	}
	if _, err := New(hiding, gate); err != nil {
		t.Error(err)
	}
	if _, err := New(plain); err != nil {
		t.Error(err)
	}
}
