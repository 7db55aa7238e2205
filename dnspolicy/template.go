package dnspolicy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// template is a parsed pattern.
type template struct {
	parts    []part
	alphabet alphabet
}

// part is literal text or, with a field, a placeholder.
type part struct {
	text      string // as written
	offset    int    // in the pattern, in octets
	field     *field
	functions []func(string) string
}

func (t template) placeholders() []part {
	var found []part
	for _, p := range t.parts {
		if p.field != nil {
			found = append(found, p)
		}
	}
	return found
}

func (t template) names(s Subject) ([]string, error) {
	name, err := t.expand(s)
	if err != nil {
		return nil, err
	}
	return []string{name}, nil
}

// addressPolicy returns the policy that is called so.
func (t template) addressPolicy(called string) AddressPolicy {
	return builtInAddress{example{called, t.example()}, func(a Address) ([]string, error) { return t.names(Subject{Address: a}) }}
}

// shape matches the absolute names that the template could become.
func (t template) shape(suffix string) *regexp.Regexp {
	var text strings.Builder
	for _, p := range t.parts {
		switch {
		case p.field == nil:
			text.WriteString(regexp.QuoteMeta(strings.ToLower(p.text)))
		case p.field.dotted:
			text.WriteString(".+")
		default:
			text.WriteString("[^.]+")
		}
	}
	return regexp.MustCompile("^" + text.String() + regexp.QuoteMeta("."+suffix) + "$")
}

// called is what people call a pattern.
func (t template) called() string {
	var text strings.Builder
	for _, p := range t.parts {
		text.WriteString(p.text)
	}
	return "pattern " + strconv.Quote(text.String())
}

// expand puts the subject's values in the placeholders' places.
func (t template) expand(s Subject) (string, error) {
	var text strings.Builder
	for _, p := range t.parts {
		value, err := p.expand(s, t.alphabet)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.text, err)
		}
		text.WriteString(value)
	}
	return text.String(), nil
}

func (p part) expand(s Subject, allowed alphabet) (string, error) {
	if p.field == nil {
		return p.text, nil
	}
	raw, err := p.field.value(s)
	if err != nil {
		return "", err
	}
	value := raw
	for _, f := range p.functions {
		value = f(value)
	}
	if value == "" {
		return "", fmt.Errorf("nothing is left of the value %q", raw)
	}
	for _, c := range value {
		if !allowed.value(c) && (c != '.' || !p.field.dotted) {
			return "", fmt.Errorf("the value %q has the character %q; it may have %s only", value, c, allowed.valueName)
		}
	}
	return value, nil
}
