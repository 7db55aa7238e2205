package binder

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Status says how a Reconcile ended for one instance.
type Status string

// The statuses. Busy, NotReady and Exhausted are waiting ones: nothing is
// wrong, and coming back after RetryAfter goes on.
const (
	// Bound: the instance was bound by this call, and is usable.
	Bound Status = "bound"
	// AlreadyBound: it was bound before, and still is.
	AlreadyBound Status = "already-bound"
	// Unbound: its binding was taken back by this call, all of it.
	Unbound Status = "unbound"
	// Ineligible: it is none of the fleet's workers, or is stopped, and nothing
	// is to be done.
	Ineligible Status = "ineligible"
	// Busy: somebody else is working on it.
	Busy Status = "busy"
	// NotReady: the cloud is not ready for the next step.
	NotReady Status = "not-ready"
	// Exhausted: the pool has no address for it now. Nothing was changed.
	Exhausted Status = "exhausted"
	// Gone: there is no such instance (any more), and nothing is bound to it.
	Gone Status = "gone"
	// Failed: see Err.
	Failed Status = "failed"
)

// The reasons of a Bound or AlreadyBound worker that schedule servers do not see.
const (
	// ReasonDraining: since Drain, by an operator. DrainedBy is another program's.
	ReasonDraining = "draining"
	// ReasonStartHidden: since it was bound, with Options.StartHidden. Undrain
	// shows it.
	ReasonStartHidden = "hidden from the start"
)

// DrainedBy is the reason of a worker that is hidden since Drain with this
// DrainOptions.By.
func DrainedBy(by string) string { return "drained by " + by }

// Waiting reports whether coming back later is all that is to be done.
func (s Status) Waiting() bool { return s == Busy || s == NotReady || s == Exhausted }

// Outcome is what became of one instance.
type Outcome struct {
	InstanceID string `json:"instanceId"`
	// Profile is whose instance it is, of a Mux's; else empty.
	Profile string `json:"profile,omitempty"`
	Status  Status `json:"status"`
	// RetryAfter is when to come back, for the waiting statuses; else zero.
	RetryAfter time.Duration `json:"retryAfter,omitempty"` // in nanoseconds
	// Reason says why, in a few words, where the status does not.
	Reason string `json:"reason,omitempty"`
	// The binding as far as it exists, else zero.
	AllocationID string     `json:"allocationId,omitempty"`
	IP           netip.Addr `json:"ip,omitzero"`
	Name         string     `json:"name,omitempty"`
	// Err is why it failed, a *Error; nil unless Status is Failed. In JSON it is
	// the text "error".
	Err error `json:"-"`
}

// MarshalJSON gives the error as text.
func (o Outcome) MarshalJSON() ([]byte, error) {
	type fields Outcome // without this method
	text := ""
	if o.Err != nil {
		text = o.Err.Error()
	}
	return json.Marshal(struct {
		fields
		Error string `json:"error,omitempty"`
	}{fields(o), text})
}
