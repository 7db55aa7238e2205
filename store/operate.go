package store

import "context"

// Pauser is what a Store implements in addition if it can stop, at one place,
// all the binders that share it.
type Pauser interface {
	// Pause sets the switch, with the reason to give to whoever asks. A switch
	// that is set gets the new reason.
	Pause(ctx context.Context, reason string) error

	// Resume clears the switch. One that is not set is success.
	Resume(ctx context.Context) error

	// Paused reports whether the switch is set, and why. The read is strongly
	// consistent.
	Paused(ctx context.Context) (paused bool, reason string, err error)
}

// Auditor is what a Store implements in addition if it keeps anything that is
// derived from its records, such as rows for schedule servers and guards of
// unique keys, and that others could damage.
type Auditor interface {
	// Audit compares what is derived with the records, and returns what differs,
	// in a stable order. With repair it mends what a record explains, and says
	// so. What changes meanwhile is not reported. The flag Allocated, as Get
	// shows it, is never changed. A comparison that is not whole is an error, and
	// then nothing was mended; an error of a repair comes with what was found.
	Audit(ctx context.Context, repair bool) ([]Discrepancy, error)
}

// Discrepancy is something derived that does not agree with the records.
type Discrepancy struct {
	// Kind says what it is, in a word or two, such as "missing row", "stale row",
	// "ghost row", "missing guard" or "orphaned guard".
	Kind string `json:"kind"`
	// AllocationID is the record that it is about, empty if there is none.
	AllocationID string `json:"allocationId,omitempty"`
	// Detail says what differs, for people.
	Detail string `json:"detail"`
	// Repaired: it was mended.
	Repaired bool `json:"repaired"`
}
