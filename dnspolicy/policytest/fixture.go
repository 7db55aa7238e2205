package policytest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// fixture is the policy, and how it is asked.
type fixture struct {
	policy dnspolicy.Policy
	Options
	elsewhere func(here []string) ([]string, error) // what another process says, which leaves this to this one
}

// answer is what a policy gives for a subject.
type answer struct {
	names []string
	sets  []dnspolicy.RRSet
	err   error
	panic any
}

// equal takes no account of what an error says.
func (a answer) equal(o answer) bool {
	return slices.Equal(a.names, o.names) && slices.EqualFunc(a.sets, o.sets, dnspolicy.RRSet.Equal) &&
		(a.err == nil) == (o.err == nil) && (a.panic == nil) == (o.panic == nil)
}

func (a answer) clone() answer {
	a.names, a.sets = slices.Clone(a.names), slices.Clone(a.sets)
	for i, set := range a.sets {
		a.sets[i] = set.Clone()
	}
	return a
}

func (a answer) String() string {
	switch {
	case a.panic != nil:
		return fmt.Sprintf("panic: %v", a.panic)
	case a.err != nil:
		return fmt.Sprintf("%q %v and the error %q", a.names, a.sets, a.err)
	}
	return fmt.Sprintf("%q %v", a.names, a.sets)
}

func (f fixture) names(s dnspolicy.Subject) (a answer) {
	defer func() { a.panic = recover() }()
	a.names, a.err = f.policy.Names(s)
	return a
}

// records asks for the record sets beside the A record of the name.
func (f fixture) records(s dnspolicy.Subject, name string) (a answer) {
	recorder, ok := f.policy.(dnspolicy.Recorder)
	if !ok {
		return answer{}
	}
	defer func() { a.panic = recover() }()
	a.sets, a.err = recorder.Records(s, name)
	return a
}

// terms are what the binder asks of names.
func (f fixture) terms() dnspolicy.Terms {
	return dnspolicy.Terms{Suffix: f.Suffix, ToASCII: f.ToASCII}
}

// absolute is what the binder makes of a name.
func (f fixture) absolute(name string) (string, error) { return f.terms().Join(name) }

// candidates are the names of the subject that the binder would take, in its
// order. The policy gets this subject, not a clone.
func (f fixture) candidates(s dnspolicy.Subject) []string {
	var own, common []string
	for _, name := range f.names(s).names {
		absolute, err := f.absolute(name)
		switch {
		case err != nil:
		case f.common(absolute).yes:
			common = append(common, absolute)
		default:
			own = append(own, absolute)
		}
	}
	if len(own) == 0 {
		return common // which a case of its own notices
	}
	return own
}

// primary is the first candidate; empty if there is none.
func (f fixture) primary(s dnspolicy.Subject) string {
	for _, name := range f.candidates(s) {
		return name
	}
	return ""
}

// primaryOr is the first candidate of a hostile subject, or else the name that
// it had when it was a harmless sample.
func (f fixture) primaryOr(s, sample dnspolicy.Subject) string {
	if name := f.primary(clone(s)); name != "" {
		return name
	}
	return f.primary(clone(sample))
}

// clone returns a copy that shares no map with the subject.
func clone(s dnspolicy.Subject) dnspolicy.Subject {
	s.InstanceTags, s.Address.Tags = maps.Clone(s.InstanceTags), maps.Clone(s.Address.Tags)
	return s
}
