package k8snode

import (
	"context"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// drain hides the worker. There may be nothing to hide yet; what is bound later
// comes back here.
func (w *worker) drain() time.Duration {
	o, wait := w.ordered(hide)
	if o == nil || !bound(*o) {
		return wait
	}
	w.looks.change(w.id, func(e *entry) { e.drained = true })
	w.tell("Hidden", "schedule servers do not see the worker: "+string(w.why))
	return 0
}

// undrain shows the worker, which the controller has hidden, and then forgets
// that it was. Where nothing is bound any more, it finds out what is.
func (w *worker) undrain(ctx context.Context) (time.Duration, error) {
	o, wait := w.ordered(show)
	switch {
	case o == nil:
		return wait, nil
	case !bound(*o):
		return w.inquire(), nil
	}
	w.looks.change(w.id, func(e *entry) { e.drained = draining(*o) })
	p := &patch{node: w.node}
	p.annotate(AnnotationHidden, "")
	p.label(LabelState, stateOf(*o))
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil && !draining(*o) {
		w.tell("Shown", "schedule servers see the worker")
	}
	return wait, err
}

// stateOf is the value of LabelState.
func stateOf(o binder.Outcome) string {
	if draining(o) {
		return StateHidden
	}
	return StateBound
}

// inquire asks about the instance, or waits until it is time to ask again.
func (w *worker) inquire() time.Duration {
	if w.know.outcome != nil {
		return w.askWhenDue(w.id, w.know)
	}
	w.looks.askNow(w.id)
	return 0
}

// ordered gives an order, and returns the Binder's answer once it was carried
// out: nil until then, with when to come back.
func (w *worker) ordered(v verb) (*binder.Outcome, time.Duration) {
	o, wait := w.orders.give(w.id, v)
	switch {
	case o == nil:
		return nil, wait
	case o.Err != nil || o.Status.Waiting():
		return nil, w.tellOrder(v, *o)
	}
	return o, 0
}
