package k8snode

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/eipbinder/eipbinder/binder"
)

// worker is a node and its instance, as they are now.
type worker struct {
	*Controller
	node *corev1.Node
	id   string
	why  hiding
	know entry
}

// Reconcile brings one node to what should be, from what the cache shows and what
// is known of its instance. Where something about the instance is to be found
// out, it asks for that, and is called again with the answer.
func (c *Controller) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var node corev1.Node
	err := c.client.Get(ctx, req.NamespacedName, &node)
	if apierrors.IsNotFound(err) {
		return after(c.goodbye(req.Name, "")), nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	id, noInstance := instanceOf(node.Spec.ProviderID)
	wait := c.goodbye(req.Name, id)
	switch {
	case !c.opts.Selector.Matches(labels.Set(node.Labels)):
		return after(wait), nil // not ours any more; what is bound stays bound
	case noInstance != nil:
		return after(sooner(wait, c.noInstance(&node, noInstance))), nil
	}
	c.looks.attach(node.Name, id)
	ready, err := c.podReady(ctx, node.Name)
	if err != nil {
		return reconcile.Result{}, err
	}
	why := c.opts.why(&node, ready)
	c.looks.change(id, func(e *entry) {
		e.why = why
		if claim := claimOf(&node); claim != "" || e.claim != c.opts.Deployment { // the cache may not show ours yet
			e.claim = claim
		}
	})
	w := worker{Controller: c, node: &node, id: id, why: why, know: c.looks.of(id)}
	again, err := w.work(ctx)
	return after(sooner(wait, again)), err
}

// goodbye takes care of instances that this node had, and that have no Node any
// more. It returns when to come back; zero: it need not.
func (c *Controller) goodbye(node, id string) time.Duration {
	var wait time.Duration
	for _, old := range c.looks.left(node, id) {
		wait = sooner(wait, c.ended(node, old))
	}
	return wait
}

// ended lets the binding be taken back, once, of an instance whose Node is gone.
// Where the instance still runs, its worker is hidden, as that of a Node that is
// being deleted is, and a sweep goes on.
func (c *Controller) ended(node, id string) time.Duration {
	first := c.looks.bury(node, id)
	know := c.looks.of(id)
	switch o := know.outcome; {
	case first && o == nil:
		c.looks.askNow(id)
		return 0
	case know.node != node: // another node has it by now
	case o == nil:
		return 0 // the answer is on its way
	case o.Status.Waiting() || o.Err != nil && !terminal(*o):
		return c.askWhenDue(id, know)
	case o.Status == binder.Unbound:
		c.tellUnbound(node, id)
	case bound(*o):
		if wait, hidden := c.hideGone(node, id, o); !hidden {
			return wait
		}
	}
	c.looks.forget(node, id)
	return 0
}

// askWhenDue asks about an instance again if it is time, or says when it is.
func (c *Controller) askWhenDue(id string, know entry) time.Duration {
	if wait := time.Until(know.due); wait > 0 {
		return wait
	}
	c.looks.ask(id)
	return 0
}

// work does what there is to do about a node, and returns when to come back.
func (w *worker) work(ctx context.Context) (time.Duration, error) {
	switch {
	case w.anothers():
		return w.leaveAlone(), nil
	case w.why == leaving:
		return w.leave(), nil
	}
	wait := w.settle() // whether or not the node can be told
	if again, err := w.tellNode(ctx); again > 0 || err != nil {
		return sooner(wait, again), err
	}
	gated := w.opts.gated(w.node) >= 0 && w.opts.registered(w.node) // a fresh answer opens the gate
	if w.node.Labels[LabelState] != "" && !gated && !w.unclaimed() {
		return wait, nil
	}
	again, err := w.await(ctx)
	return sooner(wait, again), err
}

// tellNode tells the node what was found out, if that says that it is bound, or is
// no more.
func (w *worker) tellNode(ctx context.Context) (time.Duration, error) {
	o := w.know.outcome
	switch {
	case o == nil:
		return 0, nil
	case bound(*o):
		wait, err := w.publish(ctx, *o)
		if wait == 0 && err == nil {
			w.looks.done(w.id, o)
			w.know = w.looks.of(w.id)
		}
		return wait, err
	case unbound(*o) && w.node.Labels[LabelState] != "":
		return w.unpublish(ctx)
	}
	return 0, nil
}

// await waits for the binding of a node that has none.
func (w *worker) await(ctx context.Context) (time.Duration, error) {
	if again, err := w.claim(ctx); again > 0 || err != nil {
		return again, err
	}
	o := w.know.outcome
	if o == nil {
		w.looks.ask(w.id)
		return w.tellAtWork(), nil
	}
	wait := w.tellWaiting(*o)
	if o.AllocationID != "" { // the pool is not dry for it any more
		if again, err := w.forgetDry(ctx); again > 0 || err != nil {
			return again, err
		}
	}
	if timeout, err := w.giveUp(ctx, *o); timeout > 0 || err != nil {
		return sooner(timeout, w.askWhenDue(w.id, w.know)), err
	}
	return sooner(wait, w.askWhenDue(w.id, w.know)), nil
}

// send patches the node, which becomes what it is then. Where somebody was
// faster, it returns when to come back, with what the cache shows by then. What
// the API server refuses is said, and is an error.
func (w *worker) send(ctx context.Context, p *patch) (time.Duration, error) {
	if p.empty() {
		return 0, nil
	}
	raw, err := p.raw()
	if err == nil {
		err = w.client.Patch(ctx, w.node, raw)
	}
	return w.sent(ctx, p, err)
}

// sent says what follows from the API server's answer to a patch.
func (w *worker) sent(ctx context.Context, p *patch, err error) (time.Duration, error) {
	switch {
	case apierrors.IsConflict(err):
		return shortRetry, nil
	case apierrors.IsInvalid(err):
		return w.invalid(ctx, p, err)
	case apierrors.IsForbidden(err):
		return 0, w.tellRefused(err)
	}
	return 0, client.IgnoreNotFound(err)
}

// invalid tells a patch that came too late from one that is refused, by an
// admission policy, say: the API server answers 422 to both. It came too late if
// it does not fit the node as it is now. That is read by a list of one, which takes
// no right that the cache does not need.
func (w *worker) invalid(ctx context.Context, p *patch, cause error) (time.Duration, error) {
	var now corev1.NodeList
	if err := w.reader.List(ctx, &now, client.MatchingFields{metav1.ObjectNameField: w.node.Name}); err != nil {
		return 0, err
	}
	if len(now.Items) != 1 || !p.fits(&now.Items[0]) {
		return shortRetry, nil
	}
	return 0, w.tellRefused(cause)
}

// shortRetry gives the cache time to show what was changed.
const shortRetry = 100 * time.Millisecond

// sooner returns the shorter time; zero is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

func after(wait time.Duration) reconcile.Result { return reconcile.Result{RequeueAfter: wait} }
