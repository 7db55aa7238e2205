package route53zone_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// TestConflictsOfAnyNames deletes names of which the zone holds some: each of the
// others must be a conflict with nothing, and none of those that are there.
func TestConflictsOfAnyNames(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	label := func() string {
		label := ""
		for range 1 + random.IntN(2) {
			label += string("09az-_09az-_09az-_09az-_09az-_*!"[random.IntN(32)])
		}
		return label
	}
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, unchanged)
			changes, there := map[string]dnspolicy.Change{}, map[string]bool{}
			var zone []dnspolicy.Change
			for range 700 {
				name := label() + ".example.com."
				for range random.IntN(3) {
					name = label() + "." + name
				}
				if _, twice := changes[name]; twice || there[name] {
					continue
				}
				if random.IntN(3) > 0 {
					there[name] = true
					zone = append(zone, dnspolicy.Create(a(name, "192.0.2.1")))
				}
				if random.IntN(5) == 0 {
					changes[name] = dnspolicy.Delete(a(name, "192.0.2.1"))
				}
			}
			c.applyAll(t.Context(), zone...)
			c.allDone(t)
			var names []string
			for name, change := range changes {
				names = append(names, name)
				c.apply(t.Context(), change)
			}
			for n, err := range c.wait() {
				switch name := names[n]; {
				case !there[name]:
					checkConflict(t, err, changes[name], nil)
				case err != nil:
					t.Errorf("%s: %v", name, err)
				}
			}
			c.called(t, changeAction, 3, 3)
		})
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

func TestLookUpsAreNoMoreThanPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, unchanged)
		var changes []dnspolicy.Change
		for n := range 3000 {
			name := fmt.Sprintf("n%04d.example.com.", n)
			c.apply(t.Context(), dnspolicy.Create(a(name, "192.0.2.9")))
			if n%15 == 0 {
				changes = append(changes, dnspolicy.Create(a("m."+name, "192.0.2.1")))
			}
		}
		c.allDone(t)
		c.apply(t.Context(), append(changes, dnspolicy.Create(a("n1000.example.com.", "192.0.2.1")))...)
		errs := c.wait()
		checkConflict(t, errs[200], dnspolicy.Create(a("n1000.example.com.", "192.0.2.1")), ptr(a("n1000.example.com.", "192.0.2.9")))
		c.called(t, changeAction, 5, 5)
		c.called(t, listAction, 10, 11)
	})
}

func ptr(set dnspolicy.RRSet) *dnspolicy.RRSet { return &set }
