package policytest

import (
	"errors"
	"sync"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// validator says of itself what it is told to say.
type validator func(dnspolicy.Terms) error

func (v validator) Validate(t dnspolicy.Terms) error { return v(t) }

// validating is a policy without defect, but for what it says of itself.
func validating(v validator) func() dnspolicy.Policy {
	return func() dnspolicy.Policy {
		return struct {
			dnspolicy.Policy
			validator
		}{namer(name), v}
	}
}

func validateDefects() []defect {
	refused := errors.New("refused")
	fails := []string{"validate"}
	return []defect{
		{"refuses what works", fails, validating(func(dnspolicy.Terms) error { return refused })},
		{"refuses one label, which it gives", fails, validating(func(t dnspolicy.Terms) error {
			if t.CoveredByWildcard {
				return refused
			}
			return nil
		})},
		{"panics if asked whether it will do", fails, validating(func(dnspolicy.Terms) error { panic("never asked") })},
		{"refuses from some time on", fails, func() dnspolicy.Policy {
			var mu sync.Mutex
			asked := 0
			return validating(func(dnspolicy.Terms) error {
				mu.Lock()
				defer mu.Unlock()
				if asked++; asked > 10 {
					return refused
				}
				return nil
			})()
		}},
		{"refuses its own record sets", fails, func() dnspolicy.Policy {
			return struct {
				dnspolicy.Policy
				dnspolicy.Recorder
				validator
			}{namer(name), withText(name).(recorder).RecorderFunc, func(dnspolicy.Terms) error { return refused }}
		}},
	}
}
