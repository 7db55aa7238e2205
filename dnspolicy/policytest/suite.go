package policytest

import (
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/internal/suite"
)

// Run tests the policy, one subtest for each sentence of the contract. Those
// about addresses are skipped if the policy is no [dnspolicy.PerAddressPolicy],
// those about record sets if it is no [dnspolicy.Recorder]. Each runs in a bubble
// of testing/synctest: the time that the policy sees is virtual.
//
// One case starts the test's program a second time, with the flag -test.run that
// selects this case alone, and compares what the policy says there. So whatever
// comes before Run, in TestMain or in the test, happens in that process, too; the
// policy and the options that it makes must be the same again: a key, for one,
// may not be drawn at random.
func Run(t *testing.T, policy dnspolicy.Policy, optFns ...func(*Options)) {
	t.Helper()
	f, err := resolve(policy, optFns)
	if err != nil {
		t.Fatal(err)
	}
	suite.Run(t, cases(), func(t *testing.T) fixture {
		f := f
		f.elsewhere = secondProcess(t)
		return f
	}, suite.Options{Bubble: true})
}

type (
	testCase = suite.Case[fixture]
	tb       = suite.T
)

func cases() []testCase {
	return slices.Concat(nameCases(), purityCases(askNames()), addressCases(), hostileCases(), recordCases(), purityCases(askRecords()), commonCases(), validateCases(), processCases())
}
