package main

import (
	"fmt"
	"strings"
	"time"
)

// limit is how long tests may take.
type limit struct {
	rule

	most time.Duration
}

// timed is a test that has ended, by itself.
type timed struct {
	test string
	took time.Duration
}

func parseLimits(text string) ([]*limit, error) { return parseLines(text, newLimit) }

func newLimit(pattern, reason string) (*limit, error) {
	i := strings.LastIndex(pattern, " ")
	most, err := time.ParseDuration(pattern[i+1:])
	if err != nil || most <= 0 {
		return nil, fmt.Errorf("%q does not end in how long the test may take, such as 10s", pattern)
	}
	r, err := newRule(strings.TrimSpace(pattern[:max(i, 0)]), reason)
	if err != nil {
		return nil, err
	}
	return &limit{*r, most}, nil
}

// checkLimits reports whether no test took longer than it may and, unless the run
// was partial, all limits for packages that were tested are needed.
func (r *reader) checkLimits(limits []*limit, partial bool) bool {
	ok := true
	for _, l := range limits {
		for _, t := range r.times {
			if !l.pattern.MatchString(t.test) {
				continue
			}
			l.used = true
			if t.took > l.most {
				fmt.Fprintf(r.out, "TOO SLOW: %s took %s, and may take %s: %s\n", t.test, t.took, l.most, l.reason)
				ok = false
			}
		}
		if !l.used && !partial && r.tested(l.pkg) {
			fmt.Fprintf(r.out, "limited, but NO SUCH TEST: %s (%s)\n", l.pattern, l.reason)
			ok = false
		}
	}
	return ok
}
