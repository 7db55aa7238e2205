package policytest

import (
	"errors"
	"fmt"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

func validateCases() []testCase {
	return []testCase{
		{Name: "validate", Contract: "If all the names that a policy gives, and all its record sets, are valid under the terms, Validate is nil, however often it is asked.", Run: func(t tb, f fixture) {
			if _, ok := f.policy.(dnspolicy.Validator); !ok {
				t.Skipf("%T is no Validator", f.policy)
			}
			for _, covered := range []bool{false, true} {
				terms := f.terms()
				terms.CoveredByWildcard = covered
				if f.fits(terms) {
					f.validate(t, terms)
				}
			}
		}},
	}
}

func (f fixture) validate(t tb, terms dnspolicy.Terms) {
	t.Helper()
	for range repeats {
		if err := f.validateOnce(terms); err != nil {
			t.Errorf("Validate under %s (covered by a wildcard: %t) = %v; but under these terms all the samples get names", terms.Suffix, terms.CoveredByWildcard, err)
			return
		}
	}
}

func (f fixture) validateOnce(terms dnspolicy.Terms) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return dnspolicy.Validate(f.policy, terms)
}

// fits reports whether all that the policy gives to the samples is valid.
func (f fixture) fits(terms dnspolicy.Terms) bool {
	for _, s := range f.Subjects {
		got := f.names(clone(s))
		if got.err != nil || got.panic != nil {
			return false
		}
		for _, name := range got.names {
			absolute, err := terms.Join(name)
			sets := f.records(clone(s), absolute)
			if errors.Join(err, sets.err, dnspolicy.CheckRecords(absolute, terms.Suffix, sets.sets)) != nil || sets.panic != nil {
				return false
			}
		}
	}
	return true
}
