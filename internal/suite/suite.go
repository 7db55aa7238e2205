// Package suite is what the conformance suites have in common: they run their
// cases by [Run], prove that each can fail by [Prove], and their interceptors
// make calls by [Ask], [Tell] and [Seq].
//
//	func cases() []suite.Case[Fixture] {
//		return []suite.Case[Fixture]{
//			{Name: "get-absent", Contract: "What does not exist is left out.", Run: getAbsent},
//		}
//	}
//
//	func Run(t *testing.T, open func(*testing.T) Fixture) {
//		suite.Run(t, cases(), open, suite.Options{})
//	}
//
// Cases run one after the other, each on a fixture of its own.
package suite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
)

// Case is one row of a suite; F is what it is run on.
type Case[F any] struct {
	Name     string
	Contract string // the sentence that the case proves
	Run      func(t T, fixture F)
}

// T is what a case needs of a *testing.T. [Prove] puts another one in its
// place, to see that a case fails where it must.
type T interface { //nolint:interfacebloat // as much of testing.TB as cases use
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Options tune a run.
type Options struct {
	// Exclude names the cases that are not run, each with the reason, which is
	// printed. An unknown name or an empty reason fails the test.
	Exclude map[string]string
	// Bubble runs each case in a testing/synctest bubble.
	Bubble bool
}

// Run runs each case as a subtest, on what open returns. A case that fails
// prints its sentence of the contract.
func Run[F any](t *testing.T, cases []Case[F], open func(*testing.T) F, o Options) {
	t.Helper()
	if err := checkExclude(cases, o.Exclude); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if reason, ok := o.Exclude[c.Name]; ok {
				t.Skipf("excluded: %s", reason)
			}
			run := func(t *testing.T) {
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("the contract says: %s", c.Contract)
					}
				})
				c.Run(t, open(t))
			}
			if !o.Bubble {
				run(t)
				return
			}
			skipped := false // a skip in a bubble does not show outside
			synctest.Test(t, func(t *testing.T) {
				defer func() { skipped = t.Skipped() }()
				run(t)
			})
			if skipped {
				t.SkipNow()
			}
		})
	}
}

func checkExclude[F any](cases []Case[F], exclude map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(exclude)) {
		if !slices.ContainsFunc(cases, func(c Case[F]) bool { return c.Name == name }) {
			errs = append(errs, fmt.Errorf("Options.Exclude names %q, but there is no such case", name))
		}
		if exclude[name] == "" {
			errs = append(errs, fmt.Errorf("Options.Exclude gives no reason for %q", name))
		}
	}
	return errors.Join(errs...)
}
