package main

import (
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	const took = `{"Action":"pass","Package":"github.com/eipbinder/eipbinder/store","Test":"TestA/b","Elapsed":0.5}
		{"Action":"pass","Package":"github.com/eipbinder/eipbinder/store","Test":"TestA","Elapsed":1.5}
		{"Action":"fail","Package":"github.com/eipbinder/eipbinder/store","Test":"TestC","Elapsed":2.5}
		`
	for what, test := range map[string]struct {
		limits      string
		partial, ok bool
		prints      string
	}{
		"none":                     {"# no limits", false, true, ""},
		"in time":                  {"store TestA 1500ms # why", false, true, ""},
		"too slow":                 {"store TestA 1s # as it says", false, false, "TOO SLOW: store TestA took 1.5s, and may take 1s: as it says\n"},
		"a subtest":                {"store TestA/.* 1s # why", false, true, ""},
		"one of several":           {"store TestA.* 1s # why", false, false, "TOO SLOW: store TestA took 1.5s, and may take 1s: why\n"},
		"a test that failed":       {"store TestC 1s # why", false, false, "TOO SLOW: store TestC took 2.5s, and may take 1s: why\n"},
		"too slow, partial run":    {"store TestA 1s # why", true, false, "TOO SLOW: store TestA took 1.5s, and may take 1s: why\n"},
		"no such test":             {"store TestB 1s # why", false, false, "limited, but NO SUCH TEST: ^(?:store TestB)$ (why)\n"},
		"no such test in part":     {"store TestB 1s # why", true, true, ""},
		"package that did not run": {"dnspolicy TestA 1s # why", false, true, ""},
	} {
		limits, err := parseLimits(test.limits)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		r, err := report(strings.NewReader(took), &strings.Builder{})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		r.out = &out
		if ok := r.checkLimits(limits, test.partial); ok != test.ok || out.String() != test.prints {
			t.Errorf("%s: %t, %q; want %t, %q", what, ok, out.String(), test.ok, test.prints)
		}
	}
}

func TestLimitsThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"store TestA 10s":        "no reason",
		"store TestA # why":      "does not end in how long",
		"store TestA ten # why":  "does not end in how long",
		"store TestA 0s # why":   "does not end in how long",
		"10s # why":              "not a package, a space and a test",
		"store 10s # why":        "not a package, a space and a test",
		"store TestA( 10s # why": "missing closing",
	} {
		if limits, err := parseLimits(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", text, limits, err, want)
		}
	}
}
