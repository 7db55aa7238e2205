// Command testlog reads the output of go test -json and prints what go test
// alone prints: a line for each package, and all output of tests that fail.
// Then it lists the tests that were skipped. It fails if one of them is not in
// the file of allowed skips.
//
//	go test -json ./... | testlog -allowed allowed-skips.txt -limits time-limits.txt
//
// Each line of that file is a regular expression for a package's path, below
// the repository's root if it lies there, a space and a test's name, then " # "
// and the reason. It must match the whole; one that matches no skipped test is
// an error, too, if tests of its package were run, unless -partial says that
// only some of them were.
//
// Lines of the file of limits have a duration between the test's name and the
// reason: how long such a test may take, its subtests included. One that matches
// no test is an error likewise.
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
	"time"
)

const root = "github.com/eipbinder/eipbinder/"

func main() {
	log.SetFlags(0)
	allowed := flag.String("allowed", "", "file of allowed skips")
	limited := flag.String("limits", "", "file of limits of time; empty: none")
	partial := flag.Bool("partial", false, "allowed skips and limited tests need not occur")
	flag.Parse()
	rules, err := read(*allowed, parseRules)
	if err != nil {
		log.Fatal(err)
	}
	var limits []*limit
	if *limited != "" {
		if limits, err = read(*limited, parseLimits); err != nil {
			log.Fatal(err)
		}
	}
	r, err := report(os.Stdin, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
	allowedAll, inTime := r.check(rules, *partial), r.checkLimits(limits, *partial)
	if !allowedAll || !inTime {
		os.Exit(1)
	}
}

// rule allows skips.
type rule struct {
	pattern *regexp.Regexp // package and test
	pkg     *regexp.Regexp // package alone
	reason  string
	used    bool
}

// read reads and parses a file.
func read[T any](path string, parse func(string) ([]T, error)) ([]T, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsed, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return parsed, nil
}

func parseRules(text string) ([]*rule, error) { return parseLines(text, newRule) }

// parseLines calls parse for what each line has before its reason, and for that.
func parseLines[T any](text string, parse func(pattern, reason string) (T, error)) ([]T, error) {
	var all []T
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, reason, ok := strings.Cut(line, " # ")
		if !ok {
			return nil, fmt.Errorf("%q gives no reason after \" # \"", line)
		}
		parsed, err := parse(strings.TrimSpace(pattern), reason)
		if err != nil {
			return nil, err
		}
		all = append(all, parsed)
	}
	return all, nil
}

func newRule(pattern, reason string) (*rule, error) {
	pkg, test, ok := strings.Cut(pattern, " ")
	if !ok {
		return nil, fmt.Errorf("%q is not a package, a space and a test", pattern)
	}
	both, err1 := whole(pkg + " " + test)
	alone, err2 := whole(pkg)
	return &rule{pattern: both, pkg: alone, reason: reason}, errors.Join(err1, err2)
}

// whole compiles an expression that must match the whole of a text.
func whole(pattern string) (*regexp.Regexp, error) { return regexp.Compile("^(?:" + pattern + ")$") }

// event is what go test -json prints, see go doc test2json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds
}

func (e event) took() time.Duration { return time.Duration(e.Elapsed * float64(time.Second)) }

// skip is a test that did not run.
type skip struct{ test, reason string }

// reader keeps the output of the tests that run, by package and test, until
// it is known whether anybody wants to read it. tests has an entry for each
// package of which a test was run.
type reader struct {
	out   io.Writer
	tests map[string]map[string][]string
	skips []skip
	times []timed
}

// report copies to out what is worth reading of the events in in.
func report(in io.Reader, out io.Writer) (*reader, error) {
	r := &reader{out: out, tests: map[string]map[string][]string{}}
	for events := json.NewDecoder(bufio.NewReader(in)); ; {
		var e event
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return r, nil
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
		r.times = append(r.times, timed{below(e.Package) + " " + e.Test, e.took()})
	case "skip":
		r.skips = append(r.skips, skip{below(e.Package) + " " + e.Test, reason(tests[e.Test])})
	case "pass":
		r.times = append(r.times, timed{below(e.Package) + " " + e.Test, e.took()})
	default: // run, pause, cont
		return
	}
	delete(tests, e.Test)
}

func below(pkg string) string { return strings.TrimPrefix(pkg, root) }

// reason returns what a skipped test said, without go test's own lines.
func reason(lines []string) string {
	lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		line = strings.TrimSpace(line)
		return strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
	})
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}

// check prints the skips and reports whether all are allowed and, unless the
// run was partial, all rules for packages that were tested are needed.
func (r *reader) check(rules []*rule, partial bool) bool {
	ok := true
	for _, s := range r.skips {
		i := slices.IndexFunc(rules, func(rule *rule) bool { return rule.pattern.MatchString(s.test) })
		if i < 0 {
			fmt.Fprintf(r.out, "skipped, NOT ALLOWED: %s: %s\n", s.test, s.reason)
			ok = false
			continue
		}
		rules[i].used = true
		fmt.Fprintf(r.out, "skipped, allowed: %s: %s\n", s.test, s.reason)
	}
	for _, rule := range rules {
		if !rule.used && !partial && r.tested(rule.pkg) {
			fmt.Fprintf(r.out, "allowed, but NOT SKIPPED: %s (%s)\n", rule.pattern, rule.reason)
			ok = false
		}
	}
	return ok
}

// tested reports whether a test of such a package was run.
func (r *reader) tested(pkg *regexp.Regexp) bool {
	for path := range r.tests {
		if pkg.MatchString(below(path)) {
			return true
		}
	}
	return false
}
