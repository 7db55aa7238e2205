package eippool

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of errors that callers act upon; compare with errors.Is.
var (
	// ErrNotFound: no such address in the account.
	ErrNotFound = errors.New("no such address")
	// ErrInUse: the address is associated already. By whom is unknown: it may be
	// the effect of an earlier call whose reply was lost.
	ErrInUse = errors.New("address is in use")
	// ErrOccupied: the target's interface holds another Elastic IP address, which
	// an association would displace.
	ErrOccupied = errors.New("interface holds another address")
	// ErrTargetNotReady: the instance cannot take an address yet, or the
	// interface is not known (yet). Come back later; it does not mean gone.
	ErrTargetNotReady = errors.New("target is not ready")
	// ErrTargetGone: the instance is terminated or shutting down.
	ErrTargetGone = errors.New("target is gone")
	// ErrLocked: the address cannot be released while its reverse name is set.
	ErrLocked = errors.New("address is locked by its reverse name")
	// ErrLimit: the account's quota or the pool's stock of addresses is used up.
	ErrLimit = errors.New("address limit reached")
	// ErrThrottled: too many calls; come back later.
	ErrThrottled = errors.New("throttled")
	// ErrDenied: the caller may not do this. Trying again does not help.
	ErrDenied = errors.New("not permitted")
	// ErrInvalid: the request cannot be carried out as it is, now or later,
	// until somebody changes the configuration. Trying again does not help.
	ErrInvalid = errors.New("invalid request")
)

// LateError says that the pace of calls to the cloud would have made a call, or
// a turn (see Pacer), wait for longer than its context lasts. Nothing was sent.
// It is an ErrThrottled.
type LateError struct {
	// RetryAfter is how long the wait would have been; never negative.
	RetryAfter time.Duration
	// Err is the cause, nil if there is no more to say.
	Err error
}

// Error implements error.
func (e *LateError) Error() string {
	text := fmt.Sprintf("%s: the turn would have come after %s", ErrThrottled, e.RetryAfter.Round(time.Millisecond))
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns ErrThrottled and the cause.
func (e *LateError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrThrottled}
	}
	return []error{ErrThrottled, e.Err}
}
