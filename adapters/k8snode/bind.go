package k8snode

import (
	"context"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// publish tells the node what is bound, and opens the gate, all in one patch.
func (w *worker) publish(ctx context.Context, o binder.Outcome) (time.Duration, error) {
	before := w.node.Labels[LabelState]
	taint := w.opts.gated(w.node)
	if taint >= 0 && !w.opts.registered(w.node) {
		if before == "" {
			return w.tellUnregistered(), nil // one patch does for all
		}
		taint = -1 // the gate stays closed, but the worker is hidden, or shown, now
	}
	p := &patch{node: w.node}
	p.annotate(AnnotationAddress, o.IP.String())
	p.annotate(AnnotationName, strings.TrimSuffix(o.Name, "."))
	if claimOf(w.node) == "" { // another one's is an older name of this one, or one that has the same store
		p.annotate(AnnotationDeployment, w.opts.Deployment)
	}
	p.annotate(AnnotationDry, "")
	if o.IP.Is4() { // colons are not for labels
		p.label(LabelAddress, o.IP.String())
	}
	p.label(LabelState, stateOf(o))
	p.label(LabelGaveUp, "")
	if taint >= 0 {
		p.untaint(taint)
	}
	if w.node.Annotations[AnnotationAddress] != o.IP.String() {
		before = "" // what it said was about another address
	}
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.tellPublished(o, before)
	}
	return wait, err
}

// unpublish takes from a node that lives on what is bound no more: its address
// was given back by hand, say.
func (w *worker) unpublish(ctx context.Context) (time.Duration, error) {
	p := &patch{node: w.node}
	p.annotate(AnnotationAddress, "")
	p.annotate(AnnotationName, "")
	p.label(LabelAddress, "")
	p.label(LabelState, "")
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.tell("Unbound", "the binding was taken back")
	}
	return wait, err
}

// giveUp lets a node in without an address, if it is to be, once the pool has been
// dry for it for long enough, or says how long it has to wait.
func (w *worker) giveUp(ctx context.Context, o binder.Outcome) (time.Duration, error) {
	if o.Status != binder.Exhausted || w.opts.DryPool != Admit || w.opts.gated(w.node) < 0 {
		return 0, nil
	}
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

// forgetDry takes the note back.
func (w *worker) forgetDry(ctx context.Context) (time.Duration, error) {
	p := &patch{node: w.node}
	p.annotate(AnnotationDry, "")
	return w.send(ctx, p)
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
