// Command testlog reads the output of go test -json and prints what go test
// alone prints: a line for each package, and all output of tests that fail.
// Then it lists the tests that were skipped. It fails if one of them is not in
// the file of allowed skips.
//
//	go test -json ./... | testlog -allowed allowed-skips.txt
//
// Each line of that file is a regular expression for a package's path below
// the repository's root, a space and a test's name, then " # " and the reason.
// It must match the whole; one that matches no skipped test is an error, too,
// unless -partial says that only some of the tests were run.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
)

const root = "github.com/eipbinder/eipbinder/"

func main() {
	log.SetFlags(0)
	allowed := flag.String("allowed", "", "file of allowed skips")
	partial := flag.Bool("partial", false, "allowed skips need not occur")
	flag.Parse()
	rules, err := readRules(*allowed)
	if err != nil {
		log.Fatal(err)
	}
	skips, err := report(os.Stdin, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	if !check(os.Stdout, rules, skips, *partial) {
		os.Exit(1)
	}
}

// rule allows skips.
type rule struct {
	pattern *regexp.Regexp
	reason  string
	used    bool
}

func readRules(path string) ([]*rule, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rules []*rule
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, ok := strings.Cut(line, " # ")
		if !ok {
			return nil, fmt.Errorf("%s: %q gives no reason after \" # \"", path, line)
		}
		compiled, err := regexp.Compile("^(?:" + strings.TrimSpace(pattern) + ")$")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rules = append(rules, &rule{pattern: compiled, reason: reason})
	}
	return rules, nil
}

// event is what go test -json prints, see go doc test2json.
type event struct {
	Action, Package, Test, Output string
}

// skip is a test that did not run.
type skip struct{ test, reason string }

// reader keeps the output of the tests that run, by package and test, until
// it is known whether anybody wants to read it.
type reader struct {
	out   io.Writer
	tests map[string]map[string][]string
	skips []skip
}

// report copies to out what is worth reading of the events in in.
func report(in io.Reader, out io.Writer) ([]skip, error) {
	r := reader{out: out, tests: map[string]map[string][]string{}}
	for events := json.NewDecoder(bufio.NewReader(in)); ; {
		var e event
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return r.skips, nil
		} else if err != nil {
			return nil, fmt.Errorf("go test -json printed something else: %w", err)
		}
		if e.Test == "" {
			r.packageEvent(e)
		} else {
			r.testEvent(e)
		}
	}
}

func (r *reader) packageEvent(e event) {
	switch {
	case e.Output != "" && e.Output != "PASS\n":
		fmt.Fprint(r.out, e.Output)
	case e.Action == "fail": // what is left is of tests that did not end
		for test, lines := range r.tests[e.Package] {
			fmt.Fprintf(r.out, "%s did not end:\n%s", test, strings.Join(lines, ""))
		}
	}
}

func (r *reader) testEvent(e event) {
	if r.tests[e.Package] == nil {
		r.tests[e.Package] = map[string][]string{}
	}
	tests := r.tests[e.Package]
	switch e.Action {
	case "output":
		tests[e.Test] = append(tests[e.Test], e.Output)
		return
	case "fail":
		fmt.Fprint(r.out, strings.Join(tests[e.Test], ""))
	case "skip":
		r.skips = append(r.skips, skip{name(e), reason(tests[e.Test])})
	case "pass":
	default: // run, pause, cont
		return
	}
	delete(tests, e.Test)
}

func name(e event) string { return strings.TrimPrefix(e.Package, root) + " " + e.Test }

// reason returns what a skipped test said, without go test's own lines.
func reason(lines []string) string {
	lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		line = strings.TrimSpace(line)
		return strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
	})
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}

// check prints the skips and reports whether all are allowed and, unless the
// run was partial, all rules are needed.
func check(out io.Writer, rules []*rule, skips []skip, partial bool) bool {
	ok := true
	for _, s := range skips {
		i := slices.IndexFunc(rules, func(r *rule) bool { return r.pattern.MatchString(s.test) })
		if i < 0 {
			fmt.Fprintf(out, "skipped, NOT ALLOWED: %s: %s\n", s.test, s.reason)
			ok = false
			continue
		}
		rules[i].used = true
		fmt.Fprintf(out, "skipped, allowed: %s: %s\n", s.test, s.reason)
	}
	for _, r := range rules {
		if !r.used && !partial {
			fmt.Fprintf(out, "allowed, but NOT SKIPPED: %s (%s)\n", r.pattern, r.reason)
			ok = false
		}
	}
	return ok
}
