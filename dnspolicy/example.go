package dnspolicy

import "fmt"

// example is the Validator of a policy whose names are all alike.
type example struct {
	policy   string // for people
	shortest string // no name of the policy has fewer characters in a label, or fewer labels
}

// Validate returns why not even the shortest name is valid.
func (e example) Validate(t Terms) error {
	if _, err := t.Join(e.shortest); err != nil {
		return fmt.Errorf("%s gives names like %q, or longer ones: %w", e.policy, e.shortest, err)
	}
	return nil
}

// builtIn is a Policy of this package.
type builtIn struct {
	example
	names func(Subject) ([]string, error)
}

// Names calls the function.
func (p builtIn) Names(s Subject) ([]string, error) { return p.names(s) }

// builtInAddress is an AddressPolicy of this package.
type builtInAddress struct {
	example
	names func(Address) ([]string, error)
}

// Names calls the function.
func (p builtInAddress) Names(a Address) ([]string, error) { return p.names(a) }
