package fleettest

import (
	"testing"

	"github.com/eipbinder/eipbinder/internal/suite"
)

// Who runs the suite selects and excludes cases by name.
func TestNamesAreStable(t *testing.T) { suite.CheckNames(t, cases(), "testdata/cases.txt") }
