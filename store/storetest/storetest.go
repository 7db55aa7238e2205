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
// What a writer leaves that dies half-way is yours to test: no suite can kill it
// at the right moment.
//
// [Intercept] is for tests of what uses a store: it puts faults and delays
// between the two.
//
// Names of cases are as stable as what is exported here: a case that goes, or gets
// another name, is a breaking change. Any release may bring new cases, for what
// the contract says already.
//
// Run is safe for concurrent use; the cases of one Run follow one another.
package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/internal/suite"
	"github.com/eipbinder/eipbinder/store"
)

// Options tune a run of the suite.
type Options struct {
	// Exclude names the cases that are not run, each with the reason, which is
	// printed. It is for backends over a stand-in that is known to be wrong, and
	// for what a database cannot do, not for backends that are wrong. Default:
	// none. An unknown name or an empty reason fails the test.
	Exclude map[string]string
	// SetAllocated sets or clears the flag Allocated of a visible record as a
	// schedule server does. Required if the store is not a [store.Registry],
	// unused if it is; the cases about Acquire and Yield are then skipped.
	SetAllocated func(ctx context.Context, s store.Store, r store.Record, allocated bool) error
}

// Run tests the store that open returns, which must be empty, one subtest for
// each sentence of the contract. It calls open for each anew; what open needs to
// clean up, it registers with its t. Cases about optional interfaces that the
// store does not implement are skipped.
func Run(t *testing.T, open func(t *testing.T) store.Store, optFns ...func(*Options)) {
	t.Helper()
	var options Options
	for _, fn := range optFns {
		fn(&options)
	}
	suite.Run(t, cases(), func(t *testing.T) fixture { return fixture{open(t), options.SetAllocated} }, suite.Options{Exclude: options.Exclude})
}

// testCase is one sentence of the contract and its proof.
type testCase struct {
	name     string
	contract string
	run      func(*bench)
}

func cases() []suite.Case[fixture] {
	var cases []suite.Case[fixture]
	for _, c := range slices.Concat(getCases(), putCases(), keyCases(), raceCases(), deleteCases(), listCases(), memoryCases(), flagCases(), registryCases(), pauseCases(), checkCases()) {
		cases = append(cases, suite.Case[fixture]{Name: c.name, Contract: c.contract, Run: func(t suite.T, f fixture) { c.run(newBench(t, f)) }})
	}
	return cases
}
