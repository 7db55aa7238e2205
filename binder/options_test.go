package binder_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
)

// made makes a Binder with the policy, whose names go under "sfu.example.com".
func made(w *world, policy dnspolicy.Policy, optFns ...func(*binder.Options)) (*binder.Binder, error) {
	under := func(o *binder.Options) { o.Suffix = "sfu.example.com" }
	return binder.New(binder.Backends{Fleet: w.fleet, Pool: w.pool, Policy: policy, Zone: w.zone, Store: w.store},
		append([]func(*binder.Options){under}, optFns...)...)
}

func covered(o *binder.Options) { o.CoveredByWildcard = true }

func commonName(t *testing.T, suffix string) dnspolicy.Recorder {
	t.Helper()
	r, err := dnspolicy.Multivalue("all", suffix, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func pattern(t *testing.T, text string) dnspolicy.Policy {
	t.Helper()
	p, err := dnspolicy.Pattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNewRefusesAPolicyThatCannotWork(t *testing.T) {
	w := newWorld(t, 0)
	dotted, dashed := dnspolicy.PerAddress(dnspolicy.DottedIP()), dnspolicy.PerAddress(dnspolicy.DashedIP())
	long := strings.Repeat("a23456789.", 24)
	for name, test := range map[string]struct {
		policy dnspolicy.Policy
		option func(*binder.Options)
		want   []string // in the error
	}{
		"several labels":           {dotted, covered, []string{"Options.CoveredByWildcard", "DottedIP", "more than one label", "dnspolicy.DashedIP"}},
		"a pattern with a dot":     {pattern(t, "{ip}.{zone}"), covered, []string{"Options.CoveredByWildcard", `"{ip}.{zone}"`, "leave it out"}},
		"one of a chain":           {dnspolicy.Fallback(dashed, dotted), covered, []string{"Options.CoveredByWildcard", "policy 2"}},
		"records of another zone":  {dnspolicy.WithRecords(dashed, commonName(t, "turn.example.com.")), nil, []string{"Backends.Policy", "under turn.example.com.", "under sfu.example.com.", "use their suffix"}},
		"a function that is none":  {dnspolicy.PolicyFunc(nil), nil, []string{"Backends.Policy", "PolicyFunc is nil"}},
		"an address policy: none":  {dnspolicy.PerAddress(nil), covered, []string{"Backends.Policy", "AddressPolicy is nil"}},
		"a member that is none":    {dnspolicy.Fallback(dashed, nil), nil, []string{"Backends.Policy", "fallback: policy 2", "nil"}},
		"a recorder that is none":  {dnspolicy.WithRecords(dashed, nil), nil, []string{"Backends.Policy", "recorder 1", "nil"}},
		"names that are too long":  {dotted, func(o *binder.Options) { o.Suffix = long + "example.com" }, []string{"Backends.Policy", "more than 254"}},
		"no A-label":               {pattern(t, "xn--a.{ip}"), nil, []string{"Backends.Policy", `label "xn--a"`}},
		"one's own":                {picky{}, nil, []string{"Backends.Policy", "not under sfu.example.com."}},
		"in A-labels, not covered": {dotted, func(o *binder.Options) { o.Suffix, o.CoveredByWildcard = "Müller.example", true }, []string{"xn--mller-kva.example."}},
	} {
		t.Run(name, func(t *testing.T) {
			option := test.option
			if option == nil {
				option = func(*binder.Options) {}
			}
			b, err := made(w, test.policy, option)
			if b != nil || !errors.Is(err, binder.ErrConfig) {
				t.Fatalf("New = %v, %v; want ErrConfig", b, err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New: %v; want %q", err, want)
				}
			}
		})
	}
	if calls := w.took(); len(calls) > 0 {
		t.Errorf("New made the calls %v", calls)
	}
}

// picky is a policy that does not like a suffix.
type picky struct{}

func (picky) Names(dnspolicy.Subject) ([]string, error) { return []string{"a"}, nil }

func (picky) Validate(t dnspolicy.Terms) error { return fmt.Errorf("not under %s", t.Suffix) }

func TestNewTakesAPolicyThatMayWork(t *testing.T) {
	w := newWorld(t, 0)
	dashed := dnspolicy.PerAddress(dnspolicy.DashedIP())
	for name, policy := range map[string]dnspolicy.Policy{
		"one label":               dashed,
		"several by a function":   pattern(t, "{dotted-ip|replace:.:-}"),
		"a function of one's own": names("a.b", "c.d"),
		"records below":           dnspolicy.WithRecords(dashed, commonName(t, "pool.sfu.example.com.")),
	} {
		if _, err := made(w, policy, covered); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// All that is wrong is told at once, and what is missing but once.
func TestNewTellsAll(t *testing.T) {
	w := newWorld(t, 0)
	_, err := made(w, dnspolicy.Fallback(nil), func(o *binder.Options) { o.Lease = 0 })
	if err == nil || !strings.Contains(err.Error(), "Options.Lease") || !strings.Contains(err.Error(), "Backends.Policy") {
		t.Errorf("error: %v", err)
	}
	if _, err := made(w, nil); err == nil || strings.Count(err.Error(), "Backends.Policy") != 1 {
		t.Errorf("error: %v", err)
	}
}

func TestSuffixInAnyScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		for _, suffix := range []string{"Medien.Müller.example", "medien.xn--mller-kva.example."} {
			recorders := commonName(t, "medien.xn--mller-kva.example.")
			if _, err := made(w, dnspolicy.WithRecords(dnspolicy.InstanceID(), recorders), func(o *binder.Options) { o.Suffix = suffix }); err != nil {
				t.Errorf("%s: %v", suffix, err)
			}
		}
	})
}

func ExampleToASCII() {
	fmt.Println(binder.ToASCII("medien.müller.example."))
	_, err := binder.ToASCII("a。b.example.")
	fmt.Println(err)
	// Output:
	// medien.xn--mller-kva.example. <nil>
	// invalid DNS name: label "a。b": it has a character that stands for a dot
}
