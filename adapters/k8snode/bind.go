package k8snode

import (
	"cmp"
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
		if (w.why == shown || startHidden(o)) && w.node.Annotations[AnnotationHidden] == "" {
			return w.tellUnregistered(), nil
		}
		taint = -1 // the gate stays closed, but the worker is hidden, or shown, now
	}
	p := &patch{node: w.node}
	p.annotate(AnnotationAddress, o.IP.String())
	p.annotate(AnnotationName, strings.TrimSuffix(o.Name, "."))
	p.annotate(AnnotationDry, "")
	if o.IP.Is4() { // colons are not for labels
		p.label(LabelAddress, o.IP.String())
	}
	noted := w.noteHiding(p, o)
	p.label(LabelGaveUp, "")
	if taint >= 0 {
		p.untaint(taint)
	}
	before := w.node.Labels[LabelState]
	if w.node.Annotations[AnnotationAddress] != o.IP.String() {
		before = "" // what it said was about another address
	}
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.tellPublished(o, before, noted)
	}
	return wait, err
}

// noteHiding notes whether the worker is hidden, and reports whether that is, or
// becomes, the controller's doing. One that nobody has shown yet is the
// controller's to show, perhaps at once.
func (w *worker) noteHiding(p *patch, o binder.Outcome) bool {
	hidden := w.node.Annotations[AnnotationHidden]
	switch {
	case hidden != "":
	case startHidden(o):
		hidden = string(cmp.Or(w.why, starting))
	case w.why == shown:
	case draining(o):
		w.looks.change(w.id, func(e *entry) { e.foreign = true })
	default:
		hidden = string(w.why)
	}
	p.annotate(AnnotationHidden, hidden)
	if hidden != "" {
		p.label(LabelState, StateHidden)
	} else {
		p.label(LabelState, stateOf(o))
	}
	return hidden != ""
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

// giveUp lets a node in without an address once the pool has been dry for it for
// long enough, or says how long it has to wait.
func (w *worker) giveUp(ctx context.Context) (time.Duration, error) {
	since, err := time.Parse(time.RFC3339, w.node.Annotations[AnnotationDry])
	if err != nil {
		return w.noteDry(ctx)
	}
	if wait := time.Until(since.Add(w.opts.DryTimeout)); wait > 0 {
		return min(wait, w.opts.DryTimeout), nil
	}
	if !w.opts.registered(w.node) {
		return 0, nil
	}
	p := &patch{node: w.node}
	p.annotate(AnnotationDry, "")
	p.label(LabelGaveUp, "true")
	p.untaint(w.opts.gated(w.node))
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.warn("GaveUp", "the pool had no address for "+w.opts.DryTimeout.String()+": pods are let in without one")
	}
	return wait, err
}

// noteDry notes that the pool has no address for the node from now on, and says
// how long that has to last.
func (w *worker) noteDry(ctx context.Context) (time.Duration, error) {
	p := &patch{node: w.node}
	p.annotate(AnnotationDry, time.Now().UTC().Format(time.RFC3339Nano))
	wait, err := w.send(ctx, p)
	if wait > 0 || err != nil {
		return wait, err
	}
	return max(w.opts.DryTimeout, shortRetry), nil
}
