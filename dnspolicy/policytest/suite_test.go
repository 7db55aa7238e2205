package policytest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// impliedByPurity are cases that no defect makes fail alone.
var impliedByPurity = []string{"address-alone"}

// TestDefects proves the suite: each defect makes just those cases fail that
// it must, and each case is the only one that some defect makes fail.
func TestDefects(t *testing.T) {
	proved := map[string]bool{}
	for _, d := range defects() {
		t.Run(d.name, func(t *testing.T) {
			var failed []string
			for _, c := range cases() {
				if messages := run(t, c, d.plant()); len(messages) > 0 {
					failed = append(failed, c.name)
				}
			}
			slices.Sort(failed)
			slices.Sort(d.fails)
			if diff := cmp.Diff(d.fails, failed); diff != "" {
				t.Errorf("failing cases (-want +got):\n%s", diff)
			}
			for _, c := range failed {
				proved[c] = proved[c] || len(failed) == 1 || slices.Contains(impliedByPurity, c)
			}
		})
	}
	for _, c := range cases() {
		if !proved[c.name] {
			t.Errorf("no defect makes the case %q alone fail", c.name)
		}
	}
}

func TestNoDefect(t *testing.T) {
	for _, policy := range []dnspolicy.Policy{namer(name), withText(name)} {
		for _, c := range cases() {
			for _, message := range run(t, c, policy) {
				t.Errorf("case %q fails on a policy without defect: %s", c.name, message)
			}
		}
	}
}

// run returns what the case says of the policy. It runs in a bubble, so that a
// defect may wait for the other callers.
func run(t *testing.T, c testCase, policy dnspolicy.Policy) []string {
	t.Helper()
	f, err := resolve(policy, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &listener{}
	synctest.Test(t, func(*testing.T) { c.run(r, f) })
	return r.messages
}

// listener is a tb that notes failures.
type listener struct{ messages []string }

func (*listener) Helper()              {}
func (*listener) Skipf(string, ...any) {}

func (l *listener) Errorf(format string, args ...any) {
	l.messages = append(l.messages, fmt.Sprintf(format, args...))
}

func TestCaseNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		if seen[c.name] || c.contract == "" {
			t.Errorf("case %q: its name occurs twice, or it has no contract", c.name)
		}
		seen[c.name] = true
	}
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
