package dnspolicy

import (
	"errors"
	"fmt"
	"slices"
)

// Fallback returns a Policy that gives the names of all its members in order,
// each once: if the first one's are taken, the binder tries the second one's. A
// member that is an error is passed over; if all of them are, all errors are
// returned.
//
// It is a [PerAddressPolicy] if all members are, and else not, since with a
// single name of the instance, the others cannot be kept without it.
//
// It is a [Recorder] of the record sets of all members that have a name for the
// subject, whichever name is taken. For record sets that do not depend on the
// member, put [WithRecords] around the result.
func Fallback(first Policy, others ...Policy) Policy {
	chain := fallback(slices.Concat([]Policy{first}, others))
	if slices.ContainsFunc(chain, func(p Policy) bool { return !isPerAddress(p) }) {
		return chain
	}
	return PerAddressPolicy{Recorder: chain, AddressPolicy: AddressPolicyFunc(func(a Address) ([]string, error) {
		return chain.Names(Subject{Address: a})
	})}
}

func isPerAddress(p Policy) bool {
	_, ok := p.(PerAddressPolicy)
	return ok
}

type fallback []Policy

// Names returns the members' names in their order, each once.
func (f fallback) Names(s Subject) ([]string, error) {
	var all []string
	var errs []error
	for _, p := range f {
		names, err := p.Names(s)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.Join(append(errs, errors.New("no policy of the chain has a name"))...)
	}
	return all, nil
}

// Common reports whether the name may be a common name of one of the members.
func (f fallback) Common(name string) bool {
	return slices.ContainsFunc(f, func(p Policy) bool { return isCommon(p, name) })
}

// Validate returns what is wrong with the first member that will not do.
func (f fallback) Validate(t Terms) error {
	for i, p := range f {
		if err := Validate(p, t); err != nil {
			return fmt.Errorf("fallback: policy %d: %w", i+1, err)
		}
	}
	return nil
}

// Records returns the record sets of the members that have a name.
func (f fallback) Records(s Subject, name string) ([]RRSet, error) {
	var recorders recorderList
	for _, p := range f {
		if r, ok := p.(Recorder); ok {
			if _, err := p.Names(s); err == nil {
				recorders = append(recorders, r)
			}
		}
	}
	return recorders.Records(s, name)
}
