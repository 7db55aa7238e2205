package k8snode

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eipbinder/eipbinder/binder"
)

// action is what the events say that was being done.
const action = "Bind"

func (w *worker) tell(reason, note string) {
	w.recorder.Eventf(w.node, nil, corev1.EventTypeNormal, reason, action, "%s", note)
}

func (w *worker) warn(reason, note string) {
	const longest = 1000 // of 1024
	w.recorder.Eventf(w.node, nil, corev1.EventTypeWarning, reason, action, "%.*s", longest, note)
}

// tellPublished says what a node says by now, and did not before.
func (w *worker) tellPublished(o binder.Outcome, before string) {
	note := fmt.Sprintf("%s is %s", strings.TrimSuffix(o.Name, "."), o.IP)
	switch after := stateOf(o); {
	case before == "" && startHidden(o):
		w.tell("Bound", note+"; schedule servers do not see it yet")
	case before == "" && hidden(o):
		w.tell("Bound", note+"; schedule servers do not see it: "+w.hiddenSince(o))
	case before == "":
		w.tell("Bound", note)
	case before == StateBound && after == StateHidden:
		w.tell("Hidden", "schedule servers do not see the worker: "+w.hiddenSince(o))
	case before == StateHidden && after == StateBound:
		w.tell("Shown", "schedule servers see the worker")
	}
}

// hiddenSince says why the worker is hidden.
func (w *worker) hiddenSince(o binder.Outcome) string {
	switch {
	case o.Reason == binder.ReasonDraining:
		return "somebody has drained it"
	case o.Reason == binder.DrainedBy(HiddenBy) && w.why != shown:
		return string(w.why)
	}
	return o.Reason
}

// tellUnbound is about a Node that is gone, or about to be. It is told once.
func (c *Controller) tellUnbound(node, id string) {
	if !c.looks.tellOnce(id, "unbound") {
		return
	}
	c.recorder.Eventf(goneNode(node), nil, corev1.EventTypeNormal, "Unbound", action, "%s gave its address back", id)
}

// goneNode is what events about a Node are about that is no more.
func goneNode(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// tellWaiting says, once, why a node is not bound, and returns when to come back
// to say so.
func (w *worker) tellWaiting(o binder.Outcome) time.Duration {
	reason, patient := "", false
	note, say := o.Reason, w.warn
	switch o.Status {
	case binder.Busy, binder.NotReady:
		reason, patient = "WaitingForBinding", true
	case binder.Exhausted:
		reason = "PoolExhausted"
	case binder.Ineligible:
		reason = "NotSelected"
		if w.opts.gated(w.node) < 0 { // no pod waits for it
			say = w.tell
		}
	case binder.Failed:
		reason, note = "BindingFailed", o.Err.Error()
	default:
		reason, patient, note = "InstanceUnknown", true, w.id+" is not known to EC2, or has ended"
	}
	if patient {
		if wait := w.opts.Patience - time.Since(w.know.since); wait > 0 {
			return wait
		}
	}
	if w.looks.tellOnce(w.id, reason) {
		say(reason, note)
	}
	return 0
}

// tellAtWork says, once, that no answer has come for long, and returns when to
// come back to say so.
func (w *worker) tellAtWork() time.Duration {
	if wait := w.opts.Patience - time.Since(w.looks.of(w.id).since); wait > 0 {
		return wait
	}
	if w.looks.tellOnce(w.id, "at work") {
		w.warn("WaitingForBinding", "being bound: it waits for its turn to get the address, or for its name in DNS")
	}
	return 0
}

// tellOrder says, once, why a worker was not hidden, or shown, and returns when
// to come back.
func (w *worker) tellOrder(v verb, o binder.Outcome) time.Duration {
	reason := map[verb]string{hide: "Hiding", show: "Showing"}[v]
	know := w.looks.of(w.id)
	switch {
	case o.Err != nil:
		if w.looks.tellOnce(w.id, reason+"Failed") {
			w.warn(reason+"Failed", o.Err.Error())
		}
		w.opts.Logger.Warn("order failed", "order", string(v), "node", w.node.Name, "instance", w.id, "error", o.Err)
	case time.Since(know.orderAt) >= w.opts.Patience && w.looks.tellOnce(w.id, reason+"Waits"):
		w.warn("WaitingFor"+reason, o.Reason)
	}
	return max(time.Until(know.orderDue), shortRetry)
}

// tellRefused says, once, that the API server does not take what the controller
// writes on the node, and returns the error.
func (w *worker) tellRefused(err error) error {
	if w.looks.tellOnce(w.id, "refused") {
		w.warn("NodeUpdateRefused", err.Error())
	}
	return err
}

// tellUnregistered says that the node is bound, and that nobody has registered
// it. It returns when to come back: the label's coming is an event of its own.
func (w *worker) tellUnregistered() time.Duration {
	if wait := w.opts.Patience - time.Since(w.node.CreationTimestamp.Time); wait > 0 {
		return wait
	}
	if w.looks.tellOnce(w.id, "unregistered") {
		w.warn("WaitingForRegistration", "the worker is bound, but the node has no label "+w.opts.RegisteredLabel+"=true yet")
	}
	return time.Minute
}

// noInstance says that a node has no instance, or none yet: then its coming is an
// event of its own. It returns when to come back to say so.
func (c *Controller) noInstance(node *corev1.Node, err error) time.Duration {
	if wait := c.opts.Patience - time.Since(node.CreationTimestamp.Time); wait > 0 {
		return wait
	}
	c.recorder.Eventf(node, nil, corev1.EventTypeWarning, "NoInstance", action, "%v", err)
	return 0
}
