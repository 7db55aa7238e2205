package k8snode

import (
	"context"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// drain hides the worker. There may be nothing to hide yet; what is bound later
// comes back here.
func (w *worker) drain(ctx context.Context) (time.Duration, error) {
	o, err := w.binder.Drain(ctx, w.id)
	switch {
	case err != nil:
		return 0, err
	case o.Status.Waiting():
		return max(o.RetryAfter, shortRetry), nil
	case !bound(o):
		return 0, nil
	}
	w.looks.change(w.id, func(e *entry) { e.drained, e.at = true, time.Now() })
	w.tell("Hidden", "schedule servers do not see the worker: "+string(w.why))
	return 0, nil
}

// undrain shows the worker, which the controller has hidden, and then forgets
// that it was.
func (w *worker) undrain(ctx context.Context) (time.Duration, error) {
	o, err := w.binder.Undrain(ctx, w.id)
	switch {
	case err != nil:
		return 0, err
	case o.Status.Waiting():
		return max(o.RetryAfter, shortRetry), nil
	}
	w.looks.change(w.id, func(e *entry) { e.drained, e.at = false, time.Now() })
	p := &patch{node: w.node}
	p.annotate(AnnotationHidden, "")
	if o.Status == binder.AlreadyBound {
		p.label(LabelState, StateBound)
	}
	wait, err := w.send(ctx, p)
	if wait == 0 && err == nil {
		w.tell("Shown", "schedule servers see the worker again")
	}
	return wait, err
}
