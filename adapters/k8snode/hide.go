package k8snode

import (
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// HiddenBy is what the controller gives as binder.DrainOptions.By.
const HiddenBy = "kubernetes"

func asController(o *binder.DrainOptions) { o.By = HiddenBy }

// settle hides or shows a bound worker. What has not been hidden by a controller
// is not shown.
func (w *worker) settle() time.Duration {
	switch {
	case !w.isBound():
		return 0
	case w.why != shown && w.know.hidden():
		return 0
	case w.why != shown:
		return w.order(hide)
	case w.know.seen && !w.know.ours():
		return 0
	case !w.know.seen && w.node.Labels[LabelState] == StateBound:
		return 0 // the sweep at the start finds what no node tells of
	}
	return w.order(show)
}

// isBound reports whether the worker is bound, by the newest outcome that says
// so or not, else by what the node tells.
func (w *worker) isBound() bool {
	if o := w.know.outcome; o != nil && (bound(*o) || unbound(*o)) {
		return bound(*o)
	}
	return w.node.Labels[LabelState] != ""
}

// leave hides the worker of a node that is being deleted, once in the life of this
// process. Nothing is written on the node any more.
func (w *worker) leave() time.Duration {
	switch o := w.know.outcome; {
	case o != nil && o.Status == binder.Unbound:
		w.tellUnbound(w.node.Name, w.id)
		return 0
	case !w.know.hidden():
		return w.order(hide)
	}
	if w.node.Labels[LabelState] == StateBound && w.looks.tellOnce(w.id, "leaving") {
		w.tell("Hidden", "schedule servers do not see the worker: "+string(w.why))
	}
	return 0
}

// hideGone hides the bound worker of a Node that is gone: no pods run there that
// anybody knows of. It reports whether there is no more to do, else when to come
// back.
func (c *Controller) hideGone(node, id string, o *binder.Outcome) (wait time.Duration, done bool) {
	const ordered = "hiding one that is gone"
	w := worker{Controller: c, node: goneNode(node), id: id, why: leaving}
	if !hidden(*o) {
		c.looks.tellOnce(id, ordered)
		wait = w.order(hide)
		know := c.looks.of(id)
		return wait, wait == 0 && know.order == "" && know.outcome == o // nothing was left to hide
	}
	if !c.looks.tellOnce(id, ordered) {
		w.tell("Hidden", "schedule servers do not see the worker: its Node is gone, and "+id+" runs on")
	}
	return 0, true
}

// order lets the Binder hide or show the worker, and returns when to come back.
// That it has is an outcome like any other. There may be nothing to hide yet: what
// is bound later comes back here.
func (w *worker) order(v verb) time.Duration {
	o, wait := w.orders.give(w.id, v)
	switch {
	case o == nil:
		return wait
	case o.Err != nil || o.Status.Waiting():
		return w.tellOrder(v, *o)
	case w.why == leaving:
		if unbound(*o) && w.node.Labels[LabelState] != "" {
			w.tellUnbound(w.node.Name, w.id)
		}
		return 0
	}
	return w.inquire() // the node tells of what is bound no more
}

// inquire asks about the instance, or waits until it is time to ask again.
func (w *worker) inquire() time.Duration {
	if w.know.outcome != nil {
		return w.askWhenDue(w.id, w.know)
	}
	w.looks.askNow(w.id)
	return 0
}

// stateOf is the value of LabelState.
func stateOf(o binder.Outcome) string {
	if hidden(o) {
		return StateHidden
	}
	return StateBound
}
