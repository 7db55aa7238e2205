package dnspolicy

import (
	"errors"
	"fmt"
)

// Terms are what a deployment asks of its workers' names.
type Terms struct {
	// Suffix is the absolute name that the names go under: lower case, A-labels.
	Suffix string
	// CoveredByWildcard: a wildcard certificate for the suffix must cover each
	// name, so names have one label (see the function [CoveredByWildcard]).
	CoveredByWildcard bool
	// ToASCII converts a name's U-labels to A-labels; binder.ToASCII is one. Nil:
	// names have no U-labels.
	ToASCII func(name string) (string, error)
}

// Join returns the absolute name that a policy's name stands for, or
// ErrInvalidName. It is the function [Join], after ToASCII, and with an eye on
// CoveredByWildcard.
func (t Terms) Join(name string) (string, error) {
	if t.ToASCII != nil {
		ascii, err := t.ToASCII(name)
		switch {
		case errors.Is(err, ErrInvalidName):
			return "", err
		case err != nil:
			return "", fmt.Errorf("%w: %q: %w", ErrInvalidName, name, err)
		}
		name = ascii
	}
	absolute, err := Join(name, t.Suffix)
	if err != nil {
		return "", err
	}
	if t.CoveredByWildcard && !CoveredByWildcard(t.Suffix, absolute) {
		return "", fmt.Errorf("%w: %s is more than one label under %s, so no wildcard certificate covers it", ErrInvalidName, absolute, t.Suffix)
	}
	return absolute, nil
}

// Validator is what a [Policy], an [AddressPolicy] or a [Recorder] implements in
// addition if it can tell, before there is any worker, that it will not do.
// binder.New refuses it then. A wrapper must forward it: [Validate] does.
type Validator interface {
	// Validate returns an error if, under the terms, whatever the subject, no name
	// is valid, or no record set; if so of a part, such as one policy of a
	// [Fallback]; or if a part is missing. The error says what, and best what to
	// do instead. If all the names that a policy gives, and all its record sets,
	// are valid, it is nil; but nil is no promise. It is pure, like Names.
	Validate(Terms) error
}

// Validate asks a Policy, an AddressPolicy or a Recorder whether it will do. One
// that is nil is ErrInvalid, and one that is no [Validator] will do. A wrapper
// forwards by it:
//
//	func (w wrapper) Validate(t dnspolicy.Terms) error { return dnspolicy.Validate(w.Policy, t) }
func Validate(p any, t Terms) error {
	if p == nil {
		return fmt.Errorf("%w: it is nil", ErrInvalid)
	}
	if v, ok := p.(Validator); ok {
		return v.Validate(t)
	}
	return nil
}

// notNil is the Validate of functions.
func notNil(isNil bool, what string) error {
	if isNil {
		return fmt.Errorf("%w: the %s is nil", ErrInvalid, what)
	}
	return nil
}
