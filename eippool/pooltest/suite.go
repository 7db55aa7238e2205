package pooltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
)

// Options tune a run of the suite.
type Options struct {
	// Exclude names the cases that are not run, each with the reason, which is
	// printed. It is for backends over a stand-in that is known to be wrong, and
	// for what a cloud cannot do, not for backends that are wrong. Default: none.
	// An unknown name or an empty reason fails the test.
	Exclude map[string]string
	// Bubble runs each case in a testing/synctest bubble, so that the backend's
	// waiting takes no time. A backend that uses sockets cannot run in one.
	Bubble bool
}

// Run tests the pool that open returns, one subtest for each sentence of the
// contract. It calls open for each anew; what open needs to clean up, it
// registers with its t.
func Run(t *testing.T, open func(t *testing.T) Fixture, optFns ...func(*Options)) {
	t.Helper()
	var options Options
	for _, fn := range optFns {
		fn(&options)
	}
	if err := checkExclude(options.Exclude); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if reason, ok := options.Exclude[c.name]; ok {
				t.Skipf("excluded: %s", reason)
			}
			maybeBubble(t, options.Bubble, func(t *testing.T) {
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("the contract says: %s", c.contract)
					}
				})
				c.run(t, open(t))
			})
		})
	}
}

func maybeBubble(t *testing.T, bubble bool, run func(*testing.T)) {
	if bubble {
		synctest.Test(t, run)
		return
	}
	run(t)
}

func checkExclude(exclude map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(exclude)) {
		if !slices.ContainsFunc(cases(), func(c testCase) bool { return c.name == name }) {
			errs = append(errs, fmt.Errorf("pooltest: Exclude names %q, but there is no such case", name))
		}
		if exclude[name] == "" {
			errs = append(errs, fmt.Errorf("pooltest: Exclude gives no reason for %q", name))
		}
	}
	return errors.Join(errs...)
}

// testCase is one row of the suite.
type testCase struct {
	name     string
	contract string // the sentence that the case proves
	run      func(t tb, f Fixture)
}

// tb is what a case needs of a *testing.T. The suite's own tests put another
// one in its place, to see that a case fails where it must.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}
