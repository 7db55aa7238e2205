// Package storetest proves that an implementation keeps the contract of
// [store.Store]: what a backend's author runs instead of writing these tests
// again.
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return newEmptyStore(t) })
//	}
//
// Each case is a subtest and prints the sentence of the contract that it
// proves if it fails. The flag Allocated is set and cleared through
// [store.Registry] where the store implements it, else through
// [Options].SetAllocated. Cases about optional interfaces that the store does
// not implement are skipped.
//
// [Intercept] is for tests of what uses a store: it puts faults and delays
// between the two.
//
// Run is safe for concurrent use; the cases of one Run follow one another.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/store"
)

// Options changes what Run does.
type Options struct {
	// Exclude names the cases that are not run, each with the reason, which is
	// printed. It is for backends over a stand-in that is known to be wrong, not
	// for backends that are. Default: none. An unknown name or an empty reason
	// fails the test.
	Exclude map[string]string
	// SetAllocated sets or clears the flag Allocated of a visible record as a
	// schedule server does. Required if the store is not a [store.Registry],
	// unused if it is; the cases about Acquire and Yield are then skipped.
	SetAllocated func(ctx context.Context, s store.Store, r store.Record, allocated bool) error
}

// T is what a case needs of a test. [*testing.T] is one.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Run runs all cases, each on a store of its own, which newStore must return
// empty.
func Run(t *testing.T, newStore func(*testing.T) store.Store, optFns ...func(*Options)) {
	t.Helper()
	var opts Options
	for _, fn := range optFns {
		fn(&opts)
	}
	if err := checkExclude(opts.Exclude); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if reason := opts.Exclude[c.name]; reason != "" {
				t.Skipf("excluded: %s", reason)
			}
			s := newStore(t)
			if missing := c.missing(s); missing != "" {
				t.Skipf("the store is not a %s", missing)
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the contract says: %s", c.contract)
				}
			})
			c.run(newBench(t, s, opts))
		})
	}
}

// testCase is one sentence of the contract and its proof.
type testCase struct {
	name     string
	contract string
	run      func(*bench)
	registry bool // is about store.Registry
	pauser   bool // is about store.Pauser
}

// missing names the optional interface that the case is about, if the store
// lacks it.
func (c testCase) missing(s store.Store) string {
	_, registry := s.(store.Registry)
	_, pauser := s.(store.Pauser)
	switch {
	case c.registry && !registry:
		return "store.Registry"
	case c.pauser && !pauser:
		return "store.Pauser"
	}
	return ""
}

func cases() []testCase {
	return slices.Concat(getCases(), putCases(), keyCases(), raceCases(), deleteCases(), listCases(), memoryCases(), flagCases(), registryCases(), pauseCases())
}

func checkExclude(exclude map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(exclude)) {
		if !slices.ContainsFunc(cases(), func(c testCase) bool { return c.name == name }) {
			errs = append(errs, fmt.Errorf("storetest: Exclude names %q, but there is no such case", name))
		}
		if exclude[name] == "" {
			errs = append(errs, fmt.Errorf("storetest: Exclude gives no reason for %q", name))
		}
	}
	return errors.Join(errs...)
}
