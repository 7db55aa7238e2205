package policytest

import (
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// Run tests the policy, one subtest for each sentence of the contract. Those
// about addresses are skipped if the policy is no [dnspolicy.PerAddressPolicy],
// those about record sets if it is no [dnspolicy.Recorder].
func Run(t *testing.T, policy dnspolicy.Policy, optFns ...func(*Options)) {
	t.Helper()
	f, err := resolve(policy, optFns)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the contract says: %s", c.contract)
				}
			})
			c.run(t, f)
		})
	}
}

// testCase is one row of the suite.
type testCase struct {
	name     string
	contract string // the sentence that the case proves
	run      func(t tb, f fixture)
}

// tb is what a case needs of a *testing.T. The suite's own tests put another
// one in its place, to see that a case fails where it must.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Skipf(format string, args ...any)
}

func cases() []testCase {
	return slices.Concat(nameCases(), purityCases(askNames()), addressCases(), hostileCases(), recordCases(), purityCases(askRecords()))
}
