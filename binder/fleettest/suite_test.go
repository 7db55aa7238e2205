package fleettest

import (
	"errors"
	"slices"
	"testing"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/internal/suite"
)

// defect is something that implementations get wrong.
type defect struct {
	name  string
	fails []string // the cases that notice
	plant func(b *broken)
}

var errDown = errors.New("down")

func TestDefects(t *testing.T) {
	var all []suite.Defect[Fixture]
	for _, d := range slices.Concat(describeDefects(), listDefects(), breakOffDefects(), instanceDefects(), callDefects()) {
		all = append(all, suite.Defect[Fixture]{Name: d.name, Fails: d.fails, Open: func() Fixture { return newBroken(d).fixture() }})
	}
	suite.Prove(t, cases(), all)
}

var none = defect{plant: func(*broken) {}}

func TestNoDefect(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture { return newBroken(none).fixture() })
}

// Of a fleet of which less is known, less is asked.
func TestFixtureOfWhichLittleIsKnown(t *testing.T) {
	suite.Passes(t, cases(), func() Fixture {
		b := newBroken(none)
		return Fixture{
			Fleet: b,
			Launch: func(state binder.State, eligible bool) binder.Instance {
				if state != binder.Running {
					panic("it can only launch running instances")
				}
				return binder.Instance{ID: b.launch(state, eligible).ID}
			},
			States: []binder.State{binder.Running},
		}
	})
}
