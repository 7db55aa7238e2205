package awssim

import (
	"slices"
	"strings"
)

// EC2's limits (Using filtering: 50 filters, 200 values for each).
const (
	maxFilters      = 50
	maxFilterValues = 200
)

// filter is one Filter of a Describe call: any of its patterns must match.
type filter struct {
	name     string
	patterns []string
}

// filters must all match.
type filters []filter

// check refuses filters that the call does not have.
func (fs filters) check(known []string) error {
	if len(fs) > maxFilters {
		return refusef("FilterLimitExceeded", "The maximum number of filters specified on a single call is %d", maxFilters)
	}
	for _, f := range fs {
		key, isTag := strings.CutPrefix(f.name, "tag:")
		switch {
		case isTag && key != "" || f.name == "tag-key" || slices.Contains(known, f.name):
		case f.name == "":
			return refusef("InvalidParameterValue", "Filter name must not be empty")
		default:
			return refusef("InvalidParameterValue", "The filter '%s' is invalid", f.name)
		}
		if len(f.patterns) == 0 {
			return refusef("InvalidParameterValue", "The filter '%s' has no values", f.name)
		}
		if len(f.patterns) > maxFilterValues {
			return refusef("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxFilterValues)
		}
	}
	return nil
}

// match asks for the attributes that the filters name.
func (fs filters) match(attribute func(name string) []string, tags map[string]string) bool {
	for _, f := range fs {
		if !f.matchAny(f.values(attribute, tags)) {
			return false
		}
	}
	return true
}

func (f filter) values(attribute func(name string) []string, tags map[string]string) []string {
	if key, ok := strings.CutPrefix(f.name, "tag:"); ok {
		if value, ok := tags[key]; ok {
			return []string{value}
		}
		return nil
	}
	if f.name != "tag-key" {
		return attribute(f.name)
	}
	var keys []string
	for key := range tags {
		keys = append(keys, key)
	}
	return keys
}

func (f filter) matchAny(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		return slices.ContainsFunc(f.patterns, func(p string) bool { return matchWildcard([]rune(p), []rune(v)) })
	})
}

// matchWildcard matches EC2's patterns: * is any number of characters, ? is
// one, and a backslash takes the next character as it is.
func matchWildcard(pattern, s []rune) bool {
	for len(pattern) > 0 {
		c, rest := pattern[0], pattern[1:]
		switch {
		case c == '*':
			return matchAnyEnd(rest, s)
		case len(s) == 0:
			return false
		case c == '\\' && len(rest) > 0:
			if rest[0] != s[0] {
				return false
			}
			rest = rest[1:]
		case c != '?' && c != s[0]:
			return false
		}
		pattern, s = rest, s[1:]
	}
	return len(s) == 0
}

// matchAnyEnd reports whether the pattern matches any end of s.
func matchAnyEnd(pattern, s []rune) bool {
	for n := range len(s) + 1 {
		if matchWildcard(pattern, s[n:]) {
			return true
		}
	}
	return false
}

// present returns the value as a list, which is empty without a value.
func present(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
