package main

import (
	"strings"
	"testing"
)

// run reads the events of some tests and returns what is printed, and whether
// all was in order.
func run(t *testing.T, allowed, events string, partial bool) (string, bool) {
	t.Helper()
	rules, err := parseRules(allowed)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r, err := report(strings.NewReader(events), &out)
	if err != nil {
		t.Fatal(err)
	}
	ok := r.check(rules, partial)
	return out.String(), ok
}

const (
	skipped = `{"Action":"run","Package":"github.com/eipbinder/eipbinder/store","Test":"TestA"}
		{"Action":"output","Package":"github.com/eipbinder/eipbinder/store","Test":"TestA","Output":"    a_test.go:7: no moto\n"}
		{"Action":"skip","Package":"github.com/eipbinder/eipbinder/store","Test":"TestA"}
		`
	passed = `{"Action":"run","Package":"github.com/eipbinder/eipbinder/store","Test":"TestB"}
		{"Action":"output","Package":"github.com/eipbinder/eipbinder/store","Test":"TestB","Output":"nobody reads this\n"}
		{"Action":"pass","Package":"github.com/eipbinder/eipbinder/store","Test":"TestB"}
		{"Action":"output","Package":"github.com/eipbinder/eipbinder/store","Output":"ok store 1s\n"}
		`
	failed = `{"Action":"output","Package":"github.com/eipbinder/eipbinder/store","Test":"TestC","Output":"this is wrong\n"}
		{"Action":"fail","Package":"github.com/eipbinder/eipbinder/store","Test":"TestC"}
		`
	outside = `{"Action":"skip","Package":"example.com/customplugin/routerpool","Test":"TestPool/allocate"}
		`
	noTests = `{"Action":"output","Package":"github.com/eipbinder/eipbinder/empty","Output":"? empty [no test files]\n"}
		{"Action":"skip","Package":"github.com/eipbinder/eipbinder/empty"}
		`
)

func TestSkips(t *testing.T) {
	for what, test := range map[string]struct {
		allowed, events string
		partial, ok     bool
		prints          string
	}{
		"none":                    {"", passed, false, true, "ok store 1s"},
		"allowed":                 {"store TestA # as moto is not here", skipped, false, true, "skipped, allowed: store TestA: a_test.go:7: no moto"},
		"not allowed":             {"", skipped, false, false, "skipped, NOT ALLOWED: store TestA: a_test.go:7: no moto"},
		"allowed in part":         {"store Test # the whole must match", skipped, true, false, "NOT ALLOWED"},
		"not needed":              {"store TestB # why", passed, false, false, "allowed, but NOT SKIPPED: ^(?:store TestB)$ (why)"},
		"not needed, partial run": {"store TestB # why", passed, true, true, "ok store 1s"},
		"package not run":         {"dnspolicy TestB # why", passed, false, true, "ok store 1s"},
		"package like it":         {"store/mem.* TestB # why\nstor TestB # why", passed, false, true, "ok store 1s"},
		"one of its packages ran": {"(store|dnspolicy) TestB # why", passed, false, false, "NOT SKIPPED"},
		"package without tests":   {"empty TestB # why", noTests, false, true, "no test files"},
		"outside":                 {"# a comment\n\nexample.com/customplugin/routerpool TestPool/.* # no cloud", outside, false, true, "skipped, allowed: example.com/customplugin/routerpool TestPool/allocate"},
		"outside, not run":        {"example.com/customplugin/routerpool TestPool/.* # no cloud", passed, false, true, "ok store 1s"},
		"failure":                 {"", failed, false, true, "this is wrong"},
	} {
		printed, ok := run(t, test.allowed, test.events, test.partial)
		if ok != test.ok || !strings.Contains(printed, test.prints) || strings.Contains(printed, "nobody reads this") {
			t.Errorf("%s: %t, want %t, and %q in:\n%s", what, ok, test.ok, test.prints, printed)
		}
	}
}

func TestRulesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"store TestA":          "no reason",
		"store # why":          "not a package, a space and a test",
		"store TestA( # why":   "missing closing",
		"(store TestA|) # why": "missing closing",
	} {
		if rules, err := parseRules(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", text, rules, err, want)
		}
	}
}

func TestEventsThatAreNone(t *testing.T) {
	if _, err := report(strings.NewReader("panic: no JSON"), &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}
