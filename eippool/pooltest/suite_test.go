package pooltest

import (
	"testing"

	"github.com/eipbinder/eipbinder/eippool"
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

// onlyPool is a pool without the optional interfaces.
type onlyPool struct{ eippool.Pool }

func TestPoolWithoutOptionalInterfaces(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture {
		f := newBroken(none).fixture()
		f.Pool = onlyPool{f.Pool}
		return f
	})
}
