package dnspolicy

import (
	"errors"
	"fmt"
)

// The kinds of errors that callers act upon; compare with errors.Is.
var (
	// ErrNotFound: no such record set, zone or propagation.
	ErrNotFound = errors.New("not found in DNS")
	// ErrConflict: the zone does not hold what the change expects. The error is a
	// *ConflictError.
	ErrConflict = errors.New("DNS conflict")
	// ErrTooLarge: more changes than can be made at once.
	ErrTooLarge = errors.New("too many DNS changes at once")
	// ErrInvalidName: a name that cannot be published. Trying again does not help.
	ErrInvalidName = errors.New("invalid DNS name")
	// ErrThrottled: too many calls; come back later.
	ErrThrottled = errors.New("throttled")
	// ErrDenied: the caller may not do this. Trying again does not help.
	ErrDenied = errors.New("not permitted")
	// ErrInvalid: the request cannot be carried out as it is, now or later.
	// Trying again does not help.
	ErrInvalid = errors.New("invalid request")
)

// ConflictError says which change found something else than it expected. It
// is ErrConflict.
type ConflictError struct {
	// Change is the change that did not fit.
	Change Change
	// Actual is what the zone holds under the change's key, or the neighbour of
	// the same name that excludes it; nil for nothing.
	Actual *RRSet
}

// Error says what was expected and what was found.
func (e *ConflictError) Error() string {
	k := e.Change.Key()
	found := describe(e.Actual)
	if e.Actual != nil && e.Actual.RRKey != k {
		found = fmt.Sprintf("%s %s beside it", e.Actual.Type, found)
	}
	wanted := ""
	if e.Change.After != nil {
		wanted = fmt.Sprintf(" to become %s", describe(e.Change.After))
	}
	return fmt.Sprintf("%s: %s %s: expected %s%s, found %s", ErrConflict, k.Name, k.Type, describe(e.Change.Before), wanted, found)
}

// Is makes errors.Is find ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

func describe(s *RRSet) string {
	if s == nil {
		return "nothing"
	}
	return fmt.Sprintf("%q with TTL %s", s.Values, s.TTL)
}
