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
func Run(t *testing.T, policy dnspolicy.Policy, optFns ...func(*Options)) {
	t.Helper()
	f, err := resolve(policy, optFns)
	if err != nil {
		t.Fatal(err)
	}
	suite.Run(t, cases(), func(*testing.T) fixture { return f }, suite.Options{Bubble: true})
}

type (
	testCase = suite.Case[fixture]
	tb       = suite.T
)

func cases() []testCase {
	return slices.Concat(nameCases(), purityCases(askNames()), addressCases(), hostileCases(), recordCases(), purityCases(askRecords()), validateCases())
}
