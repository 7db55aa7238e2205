package k8snode

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/eipbinder/eipbinder/binder"
)

// faulty is a Binder whose Drain and Undrain answer as they are told.
type faulty struct {
	Binder
	outcome binder.Outcome
	err     error
	drains  int
}

func (f *faulty) Drain(context.Context, string) (binder.Outcome, error) {
	f.drains++
	return f.outcome, f.err
}

func (f *faulty) Undrain(context.Context, string) (binder.Outcome, error) { return f.outcome, f.err }

const instance = "i-0123456789abcdef0"

// fakeNode waits behind its gate, unless it is edited.
func fakeNode(edits ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "1", Annotations: map[string]string{"x": "1"}, Labels: map[string]string{
			"karpenter.sh/nodepool": "media", "karpenter.sh/registered": "true",
		}},
		Spec: corev1.NodeSpec{ProviderID: "aws:///a/" + instance, Taints: []corev1.Taint{defaults().Taint}},
	}
	for _, edit := range edits {
		edit(n)
	}
	return n
}

// controllerOn is a Controller whose API server has the node, and answers patches
// with this error unless it is nil.
func controllerOn(t *testing.T, b Binder, node *corev1.Node, patching error) *Controller {
	t.Helper()
	c, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	c.recorder = events.NewFakeRecorder(100)
	c.client = fake.NewClientBuilder().WithObjects(node).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, k client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			if patching != nil {
				return patching
			}
			return k.Patch(ctx, o, p, opts...)
		},
	}).Build()
	return c
}

// The node is told again soon where somebody was faster, with back-off where the
// API server fails, and not at all if it is gone.
func TestPatchFails(t *testing.T) {
	nodes := schema.GroupResource{Resource: "nodes"}
	for name, row := range map[string]struct {
		patching error
		again    time.Duration
		fails    bool
		told     bool
	}{
		"no":            {nil, 0, false, true},
		"conflict":      {apierrors.NewConflict(nodes, "a", errors.New("x")), shortRetry, false, false},
		"a test failed": {apierrors.NewInvalid(schema.GroupKind{Kind: "Node"}, "a", nil), shortRetry, false, false},
		"gone":          {apierrors.NewNotFound(nodes, "a"), 0, false, true},
		"forbidden":     {apierrors.NewForbidden(nodes, "a", errors.New("x")), 0, true, false},
		"unavailable":   {apierrors.NewServiceUnavailable("x"), 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := controllerOn(t, &faulty{}, fakeNode(), row.patching)
			c.looks.attach("a", instance)
			c.looks.found(binder.Outcome{InstanceID: instance, Status: binder.AlreadyBound, IP: netip.MustParseAddr("203.0.113.7"), Name: "a.example.com."}, time.Now())
			result, err := c.Reconcile(t.Context(), request("a"))
			if result.RequeueAfter != row.again || (err != nil) != row.fails {
				t.Errorf("%+v, %v", result, err)
			}
			if told := c.looks.of(instance).outcome == nil; told != row.told {
				t.Errorf("the outcome is done with: %t", told)
			}
		})
	}
}

// A worker that could not be hidden is tried again.
func TestDrainFails(t *testing.T) {
	cordonedNode := fakeNode(func(n *corev1.Node) {
		n.Spec.Unschedulable, n.Spec.Taints = true, nil
		n.Labels[LabelState], n.Annotations[AnnotationHidden] = StateHidden, string(cordoned)
	})
	for name, row := range map[string]struct {
		outcome binder.Outcome
		err     error
		again   time.Duration
		drained bool
	}{
		"hidden":  {binder.Outcome{Status: binder.AlreadyBound, Reason: "draining"}, nil, 0, true},
		"busy":    {binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}, nil, time.Second, false},
		"nothing": {binder.Outcome{Status: binder.Gone}, nil, 0, false},
		"failed":  {binder.Outcome{Status: binder.Failed}, errors.New("x"), 0, false},
	} {
		b := &faulty{outcome: row.outcome, err: row.err}
		c := controllerOn(t, b, cordonedNode.DeepCopy(), nil)
		result, err := c.Reconcile(t.Context(), request("a"))
		if result.RequeueAfter != row.again || !errors.Is(err, row.err) || b.drains != 1 || c.looks.of(instance).drained != row.drained {
			t.Errorf("%s: %+v, %v, %d calls, drained %t", name, result, err, b.drains, c.looks.of(instance).drained)
		}
	}
}

// A worker that could not be shown keeps its note.
func TestUndrainFails(t *testing.T) {
	note := func(n *corev1.Node) {
		n.Spec.Taints = nil
		n.Labels[LabelState], n.Annotations[AnnotationHidden] = StateHidden, string(cordoned)
	}
	for name, row := range map[string]struct {
		outcome binder.Outcome
		err     error
		noted   bool
	}{
		"shown":  {binder.Outcome{Status: binder.AlreadyBound}, nil, false},
		"busy":   {binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}, nil, true},
		"failed": {binder.Outcome{Status: binder.Failed}, errors.New("x"), true},
	} {
		c := controllerOn(t, &faulty{outcome: row.outcome, err: row.err}, fakeNode(note), nil)
		if _, err := c.Reconcile(t.Context(), request("a")); !errors.Is(err, row.err) {
			t.Errorf("%s: %v", name, err)
		}
		var n corev1.Node
		if err := c.client.Get(t.Context(), client.ObjectKey{Name: "a"}, &n); err != nil {
			t.Fatal(err)
		}
		if noted := n.Annotations[AnnotationHidden] != ""; noted != row.noted || (n.Labels[LabelState] == StateBound) == row.noted {
			t.Errorf("%s: %v %v", name, n.Annotations, n.Labels)
		}
	}
}
