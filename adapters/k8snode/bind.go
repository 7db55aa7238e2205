package k8snode

import (
	"context"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// publish tells the node what is bound, and opens the gate, all in one patch. A
// worker that is to be hidden, and is not, is noted as the controller's to show
// again, before it is hidden.
func (w *worker) publish(ctx context.Context, o binder.Outcome) (time.Duration, error) {
	taint := w.opts.gated(w.node)
	if taint >= 0 && !w.opts.registered(w.node) {
		if w.why == shown && w.node.Annotations[AnnotationHidden] == "" {
			return w.tellUnregistered(), nil
		}
		taint = -1 // the gate stays closed, but the worker is hidden, or shown, now
	}
	p := &patch{node: w.node}
	p.annotate(AnnotationAddress, o.IP.String())
	p.annotate(AnnotationName, strings.TrimSuffix(o.Name, "."))
	if o.IP.Is4() { // colons are not for labels
		p.label(LabelAddress, o.IP.String())
	}
	w.noteHiding(p, o)
	p.label(LabelGaveUp, "")
	if taint >= 0 {
		p.untaint(taint)
	}
	news := w.node.Annotations[AnnotationAddress] != o.IP.String()
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil && news {
		w.tellBound(o)
	}
	return wait, err
}

// noteHiding notes whether the worker is hidden, and whether that is, or becomes,
// the controller's doing.
func (w *worker) noteHiding(p *patch, o binder.Outcome) {
	hidden := w.node.Annotations[AnnotationHidden]
	switch {
	case w.why == shown || hidden != "":
	case draining(o):
		w.looks.change(w.id, func(e *entry) { e.foreign = true })
	default:
		hidden = string(w.why)
	}
	state := StateBound
	if hidden != "" || draining(o) {
		state = StateHidden
	}
	p.annotate(AnnotationHidden, hidden)
	p.label(LabelState, state)
}

// unpublish takes from a node that lives on what is bound no more: its address
// was given back by hand, say.
func (w *worker) unpublish(ctx context.Context) (time.Duration, error) {
	p := &patch{node: w.node}
	p.annotate(AnnotationAddress, "")
	p.annotate(AnnotationName, "")
	p.annotate(AnnotationHidden, "")
	p.label(LabelAddress, "")
	p.label(LabelState, "")
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.tell("Unbound", "the binding was taken back")
	}
	return wait, err
}

// giveUp lets a node in without an address once it has waited for long enough,
// or says how long it has to wait.
func (w *worker) giveUp(ctx context.Context) (time.Duration, error) {
	if wait := time.Until(w.node.CreationTimestamp.Add(w.opts.DryTimeout)); wait > 0 {
		return wait, nil
	}
	if !w.opts.registered(w.node) {
		return 0, nil
	}
	p := &patch{node: w.node}
	p.label(LabelGaveUp, "true")
	p.untaint(w.opts.gated(w.node))
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.warn("GaveUp", "the pool had no address for "+w.opts.DryTimeout.String()+": pods are let in without one")
	}
	return wait, err
}
