package fleettest

import (
	"testing"

	"github.com/eipbinder/eipbinder/internal/suite"
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

// Run tests the fleet that open returns, one subtest for each sentence of the
// contract. It calls open for each anew; what open needs to clean up, it
// registers with its t. Cases for which the fixture has no function are skipped.
func Run(t *testing.T, open func(t *testing.T) Fixture, optFns ...func(*Options)) {
	t.Helper()
	var options Options
	for _, fn := range optFns {
		fn(&options)
	}
	suite.Run(t, cases(), open, suite.Options(options))
}

type (
	testCase = suite.Case[Fixture]
	tb       = suite.T
)
