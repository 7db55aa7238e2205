package zonetest

import (
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/internal/suite"
)

func TestDefects(t *testing.T) {
	var all []suite.Defect[Fixture]
	for _, d := range defects() {
		all = append(all, suite.Defect[Fixture]{Name: d.name, Fails: d.fails, Open: func() Fixture { return newBroken(d).fixture() }})
	}
	suite.Prove(t, cases(), all)
}

var none = defect{plant: func(*broken) {}}

func TestNoDefect(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture { return newBroken(none).fixture() })
}

// onlyZone is a zone without the optional interface.
type onlyZone struct{ dnspolicy.Zone }

func TestZoneWithoutOptionalInterface(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture {
		f := newBroken(none).fixture()
		return Fixture{Zone: onlyZone{f.Zone}, Name: f.Name}
	})
}
