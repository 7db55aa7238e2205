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
	calls   int
}

func (f *faulty) Drain(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	f.calls++
	return f.outcome, f.err
}

func (f *faulty) Undrain(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	f.calls++
	return f.outcome, f.err
}

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

// labelled is a node whose worker is bound, with no taint of ours.
func labelled(state string, cordon bool) *corev1.Node {
	return fakeNode(func(n *corev1.Node) {
		n.Spec.Unschedulable, n.Spec.Taints = cordon, nil
		n.Labels[LabelState], n.Annotations[AnnotationAddress] = state, "203.0.113.7"
	})
}

// aBound is an outcome about the instance with this reason.
func aBound(reason string) binder.Outcome {
	return binder.Outcome{
		InstanceID: instance, Status: binder.AlreadyBound, Reason: reason,
		IP: netip.MustParseAddr("203.0.113.7"), Name: "a.example.com.",
	}
}

// A worker is hidden, or shown, also while nobody can find out anew what is bound.
// One that could not be is tried again, and the node says so.
func TestOrders(t *testing.T) {
	const asked = true
	gone, busy := binder.Outcome{Status: binder.Gone}, binder.Outcome{Status: binder.Busy, RetryAfter: time.Minute}
	for name, row := range map[string]struct {
		state   string
		cordon  bool
		outcome binder.Outcome
		err     error
		again   time.Duration
		becomes string
		says    string
		asked   bool
	}{
		"hidden":                     {StateBound, true, aBound(binder.DrainedBy(HiddenBy)), nil, 0, StateHidden, "Normal Hidden schedule servers do not see the worker: cordoned", !asked},
		"hidden by an operator":      {StateBound, true, aBound(binder.ReasonDraining), nil, 0, StateHidden, "Normal Hidden schedule servers do not see the worker: somebody has drained it", !asked},
		"busy":                       {StateBound, true, busy, nil, time.Minute, StateBound, "", !asked},
		"nothing to hide":            {StateBound, true, gone, nil, 0, StateBound, "", asked},
		"hiding failed":              {StateBound, true, binder.Outcome{Status: binder.Failed}, errors.New("x"), 2 * time.Second, StateBound, "Warning HidingFailed x", !asked},
		"shown":                      {StateHidden, false, aBound(""), nil, 0, StateBound, "Normal Shown schedule servers see the worker", !asked},
		"an operator hides it still": {StateHidden, false, aBound(binder.ReasonDraining), nil, 0, StateHidden, "", !asked},
		"showing is to wait":         {StateHidden, false, busy, nil, time.Minute, StateHidden, "", !asked},
		"showing failed":             {StateHidden, false, binder.Outcome{Status: binder.Failed}, errors.New("x"), 2 * time.Second, StateHidden, "Warning ShowingFailed x", !asked},
		"nothing to show":            {StateHidden, false, gone, nil, 0, StateHidden, "", asked},
	} {
		for _, failing := range []bool{false, true} {
			row.outcome.InstanceID = instance
			b := &faulty{outcome: row.outcome, err: row.err}
			c, said := controllerOn(t, b, labelled(row.state, row.cordon), nil)
			if failing {
				c.looks.found(binder.Outcome{InstanceID: instance, Status: binder.Failed, Err: errors.New("no store")}, time.Now())
				row.asked = false // it asks anyway, when due
			}
			again := carriedOut(t, c)
			n := theNode(t, c)
			if text := said(); !failing && !about(again, row.again) || b.calls != 1 || n.Labels[LabelState] != row.becomes || text != row.says {
				t.Errorf("%s: %s, %d calls, %s, said %q", name, again, b.calls, n.Labels[LabelState], text)
			}
			if asked := c.looks.of(instance).asked; asked != row.asked {
				t.Errorf("%s: asked what is bound: %t", name, asked)
			}
		}
	}
}

func theNode(t *testing.T, c *Controller) *corev1.Node {
	t.Helper()
	var n corev1.Node
	if err := c.client.Get(t.Context(), client.ObjectKey{Name: "a"}, &n); err != nil {
		t.Fatal(err)
	}
	return &n
}

// A worker is hidden though its node takes nothing, and though its gate could
// not be opened.
func TestHiddenThoughTheNodeRefuses(t *testing.T) {
	b := &faulty{outcome: aBound(binder.DrainedBy(HiddenBy))}
	node := fakeNode(func(n *corev1.Node) { n.Spec.Unschedulable = true })
	c, said := controllerOn(t, b, node, apierrors.NewForbidden(schema.GroupResource{Resource: "nodes"}, "a", errors.New("x")))
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

// An order that is not carried out for long says what it waits for.
func TestOrderWaits(t *testing.T) {
	c, said := controllerOn(t, &faulty{outcome: binder.Outcome{Status: binder.NotReady, Reason: "paused: migration"}}, labelled(StateBound, true), nil)
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

// A pool that has an address for the node is not dry for it any more, though
// binding takes its time, and may fail yet.
func TestDryIsForgotten(t *testing.T) {
	for status, stays := range map[binder.Status]bool{binder.NotReady: false, binder.Exhausted: true} {
		c, _ := controllerOn(t, &faulty{}, fakeNode(func(n *corev1.Node) { n.Annotations[AnnotationDry] = "2026-01-02T03:04:05Z" }), nil)
		o := binder.Outcome{InstanceID: instance, Status: status, RetryAfter: time.Minute}
		if !stays {
			o.AllocationID = "eipalloc-1"
		}
		c.looks.found(o, time.Now())
		if _, err := c.Reconcile(t.Context(), request("a")); err != nil {
			t.Error(err)
		}
		if _, noted := theNode(t, c).Annotations[AnnotationDry]; noted != stays {
			t.Errorf("%s: noted: %t", status, noted)
		}
	}
}
