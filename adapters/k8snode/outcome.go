package k8snode

import (
	"errors"

	"github.com/eipbinder/eipbinder/binder"
)

func bound(o binder.Outcome) bool { return o.Status == binder.Bound || o.Status == binder.AlreadyBound }

// unbound reports whether nothing is bound to the instance. An ineligible one may
// still have what was bound to it before.
func unbound(o binder.Outcome) bool {
	return o.Status == binder.Unbound || o.Status == binder.Gone || o.Status == binder.Exhausted
}

// terminal reports whether the outcome is a failure that trying again cannot mend.
func terminal(o binder.Outcome) bool {
	var failure *binder.Error
	return errors.As(o.Err, &failure) && failure.Terminal
}

// hidden reports whether schedule servers do not see what is bound, for whatever
// reason.
func hidden(o binder.Outcome) bool { return bound(o) && o.Reason != "" }

// startHidden reports whether the worker is hidden, and nobody has drained it.
func startHidden(o binder.Outcome) bool { return bound(o) && o.Reason == binder.ReasonStartHidden }
