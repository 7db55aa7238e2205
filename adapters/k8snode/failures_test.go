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
// with this error unless it is nil. What its events say can be read.
func controllerOn(t *testing.T, b Binder, node *corev1.Node, patching error) (*Controller, func() string) {
	t.Helper()
	c, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	recorder := events.NewFakeRecorder(100)
	c.recorder = recorder
	c.client = apiServer(node).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, k client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			if patching != nil {
				return patching
			}
			return k.Patch(ctx, o, p, opts...)
		},
	}).Build()
	c.reader = c.client
	c.looks.attach(node.Name, instance)
	c.looks.change(instance, func(e *entry) { e.seen = true })
	return c, func() string {
		var said []string
		for len(recorder.Events) > 0 {
			said = append(said, <-recorder.Events)
		}
		return strings.Join(said, "\n")
	}
}

// apiServer has the node, and finds it by its name.
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
		"no":                   {nil, nil, 0, false, true, 0},
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
			c, said := controllerOn(t, &faulty{}, fakeNode(), row.patching)
			if row.is != nil {
				c.reader = apiServer(fakeNode(row.is)).Build()
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

// carriedOut reconciles the node, carries out the order that this gives, and
// reconciles it again.
func carriedOut(t *testing.T, c *Controller) time.Duration {
	t.Helper()
	for step := range 2 {
		result, err := c.Reconcile(t.Context(), request("a"))
		switch {
		case err != nil:
			t.Error(err)
		case step > 0:
			return result.RequeueAfter
		case c.orders.queue.Len() != 1:
			t.Fatal("no order was given")
		default:
			id, _ := c.orders.queue.Get()
			c.orders.carryOut(t.Context(), id)
			c.orders.queue.Done(id)
		}
	}
	return 0
}

// about reports whether a time that has begun to pass was this long.
func about(got, want time.Duration) bool { return got <= want && got > want*9/10 || got == want }

// A worker that could not be hidden is tried again, and the node says so.
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
		says    string
	}{
		"hidden":  {binder.Outcome{Status: binder.AlreadyBound, Reason: "draining"}, nil, 0, true, "Normal Hidden schedule servers do not see the worker: cordoned"},
		"busy":    {binder.Outcome{Status: binder.Busy, RetryAfter: time.Minute}, nil, time.Minute, false, ""},
		"nothing": {binder.Outcome{Status: binder.Gone}, nil, 0, false, ""},
		"failed":  {binder.Outcome{Status: binder.Failed}, errors.New("x"), 2 * time.Second, false, "Warning HidingFailed x"},
	} {
		b := &faulty{outcome: row.outcome, err: row.err}
		c, said := controllerOn(t, b, cordonedNode.DeepCopy(), nil)
		again := carriedOut(t, c)
		if text := said(); !about(again, row.again) || b.drains != 1 || c.looks.of(instance).drained != row.drained || text != row.says {
			t.Errorf("%s: %s, %d calls, drained %t, said %q", name, again, b.drains, c.looks.of(instance).drained, text)
		}
	}
}

// A worker that could not be shown keeps its note, and nothing says that it is.
func TestUndrainFails(t *testing.T) {
	note := func(n *corev1.Node) {
		n.Spec.Taints = nil
		n.Labels[LabelState], n.Annotations[AnnotationHidden] = StateHidden, string(cordoned)
	}
	for name, row := range map[string]struct {
		outcome binder.Outcome
		err     error
		noted   bool
		state   string
		says    string
	}{
		"shown":         {binder.Outcome{Status: binder.AlreadyBound}, nil, false, StateBound, "Normal Shown schedule servers see the worker"},
		"drained again": {binder.Outcome{Status: binder.AlreadyBound, Reason: "draining"}, nil, false, StateHidden, ""},
		"busy":          {binder.Outcome{Status: binder.Busy, RetryAfter: time.Minute}, nil, true, StateHidden, ""},
		"failed":        {binder.Outcome{Status: binder.Failed}, errors.New("x"), true, StateHidden, "Warning ShowingFailed x"},
		"nothing":       {binder.Outcome{Status: binder.Gone}, nil, true, StateHidden, ""},
	} {
		c, said := controllerOn(t, &faulty{outcome: row.outcome, err: row.err}, fakeNode(note), nil)
		carriedOut(t, c)
		var n corev1.Node
		if err := c.client.Get(t.Context(), client.ObjectKey{Name: "a"}, &n); err != nil {
			t.Fatal(err)
		}
		text := said()
		if noted := n.Annotations[AnnotationHidden] != ""; noted != row.noted || n.Labels[LabelState] != row.state || text != row.says {
			t.Errorf("%s: %v %v, said %q", name, n.Annotations, n.Labels, text)
		}
		if asked := c.looks.of(instance).asked; asked != (name == "nothing") {
			t.Errorf("%s: asked what is bound: %t", name, asked)
		}
	}
}

// An order that is not carried out for long says what it waits for.
func TestOrderWaits(t *testing.T) {
	node := fakeNode(func(n *corev1.Node) {
		n.Spec.Unschedulable, n.Spec.Taints = true, nil
		n.Labels[LabelState], n.Annotations[AnnotationHidden] = StateHidden, string(cordoned)
	})
	c, said := controllerOn(t, &faulty{outcome: binder.Outcome{Status: binder.NotReady, Reason: "paused: migration"}}, node, nil)
	c.opts.Patience = 0
	carriedOut(t, c)
	if text := said(); text != "Warning WaitingForHiding paused: migration" {
		t.Errorf("said %q", text)
	}
}

// A node that no answer comes for says so, once.
func TestNoAnswer(t *testing.T) {
	c, said := controllerOn(t, &faulty{}, fakeNode(), nil)
	if result, err := c.Reconcile(t.Context(), request("a")); err != nil || !about(result.RequeueAfter, c.opts.Patience) || said() != "" {
		t.Errorf("%+v, %v", result, err)
	}
	c.opts.Patience = 0
	for range 2 {
		if result, err := c.Reconcile(t.Context(), request("a")); err != nil || result.RequeueAfter != 0 {
			t.Errorf("%+v, %v", result, err)
		}
	}
	if text := said(); strings.Count(text, "WaitingForBinding") != 1 {
		t.Errorf("said %q", text)
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
