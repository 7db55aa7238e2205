package policytest

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/internal/suite"
)

func TestDefects(t *testing.T) {
	var all []suite.Defect[fixture]
	for _, d := range defects() {
		all = append(all, suite.Defect[fixture]{Name: d.name, Fails: d.fails, Open: func() fixture { return asked(t, d.plant) }})
	}
	suite.Prove(t, cases(), all, "address-alone") // what it sees, the cases of purity see, too
}

func TestNoDefect(t *testing.T) {
	for _, policy := range []dnspolicy.Policy{namer(name), withText(name), withPool(byAllocation, ofPool), wantsPool()} {
		suite.Passes(t, cases(), func() fixture { return asked(t, func() dnspolicy.Policy { return policy }) })
	}
}

// asked returns the fixture of a policy. Another process has one that is made
// anew.
func asked(t *testing.T, plant func() dnspolicy.Policy) fixture {
	f, err := resolve(plant(), nil)
	if err != nil {
		t.Error(err)
	}
	f.elsewhere = func([]string) ([]string, error) {
		other, err := resolve(plant(), nil)
		return other.transcript(), err
	}
	return f
}

func TestOptions(t *testing.T) {
	for want, option := range map[string]func(*Options){
		"fewer than two":                  func(o *Options) { o.Subjects = o.Subjects[:1] },
		"Subjects[2] has the instance or": func(o *Options) { o.Subjects[2].InstanceID = o.Subjects[0].InstanceID },
		"Subjects[1] has the instance or": func(o *Options) { o.Subjects[1].Address.AllocationID = o.Subjects[0].Address.AllocationID },
		"Subjects[1] has":                 func(o *Options) { o.Subjects[1].Address.IP = netip.MustParseAddr("203.0.113.1") },
		"Options.Suffix":                  func(o *Options) { o.Suffix = "example.com" },
		"Options.ToASCII":                 func(o *Options) { o.ToASCII = nil },
	} {
		if _, err := resolve(namer(name), []func(*Options){option}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("resolve = %v; want %q", err, want)
		}
	}
	if _, err := resolve(nil, nil); err == nil || !strings.Contains(err.Error(), "the policy is nil") {
		t.Errorf("resolve of no policy = %v", err)
	}
}
