package dnspolicy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// patternError says where in the pattern something is wrong, counted in
// characters from 1.
func patternError(text string, offset int, format string, args ...any) error {
	return fmt.Errorf("%w: pattern %q, character %d: %w", ErrInvalid, text, utf8.RuneCountInString(text[:offset])+1, fmt.Errorf(format, args...))
}

// parse splits a pattern in its parts.
func parse(text string, allowed alphabet) (template, error) {
	t := template{alphabet: allowed}
	if text == "" {
		return t, fmt.Errorf("%w: pattern is empty", ErrInvalid)
	}
	for at := 0; at < len(text); {
		p, err := nextPart(text, at, allowed)
		if err != nil {
			return t, err
		}
		t.parts = append(t.parts, p)
		at += len(p.text)
	}
	return t, nil
}

// nextPart returns the part that begins there.
func nextPart(text string, at int, allowed alphabet) (part, error) {
	switch text[at] {
	case '{':
		return parsePlaceholder(text, at, allowed)
	case '}':
		return part{}, patternError(text, at, `"}" without "{" before it: remove it`)
	}
	end := len(text)
	if i := strings.IndexAny(text[at:], "{}"); i >= 0 {
		end = at + i
	}
	for i, c := range text[at:end] {
		if !allowed.literal(c) {
			return part{}, patternError(text, at+i, "%q is not allowed: use %s", c, allowed.literalName)
		}
	}
	return part{text: text[at:end], offset: at}, nil
}

func parsePlaceholder(text string, at int, allowed alphabet) (part, error) {
	length := strings.IndexByte(text[at:], '}')
	if length < 0 || strings.Contains(text[at+1:at+length], "{") {
		return part{}, patternError(text, at, `placeholder has no end: write a "}" after it`)
	}
	p := part{text: text[at : at+length+1], offset: at}
	name, functions, piped := strings.Cut(text[at+1:at+length], "|")
	var err error
	if p.field, err = fieldOf(name); err != nil {
		return part{}, patternError(text, at, "%w", err)
	}
	at += 1 + len(name)
	for piped {
		at++ // the bar
		var written string
		written, functions, piped = strings.Cut(functions, "|")
		f, err := parseFunction(written, allowed)
		if err != nil {
			return part{}, patternError(text, at, "%w", err)
		}
		p.functions = append(p.functions, f)
		at += len(written)
	}
	return p, nil
}

func parseFunction(written string, allowed alphabet) (func(string) string, error) {
	name, arguments, _ := strings.Cut(written, ":")
	switch {
	case written == "lower":
		return strings.ToLower, nil
	case name == "cut":
		return parseCut(arguments)
	case name == "replace":
		return parseReplace(arguments, allowed)
	}
	return nil, fmt.Errorf("there is no function %q: use lower, cut:N or replace:OLD:NEW", written)
}

func parseCut(argument string) (func(string) string, error) {
	n, err := strconv.ParseUint(argument, 10, 16)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("cut has %q: write how many characters are to remain, such as cut:20", argument)
	}
	return func(value string) string {
		characters := []rune(value)
		return string(characters[:min(len(characters), int(n))])
	}, nil
}

func parseReplace(arguments string, allowed alphabet) (func(string) string, error) {
	_, size := utf8.DecodeRuneInString(arguments) // may be a colon itself
	length := strings.IndexByte(arguments[size:], ':')
	if length < 0 {
		return nil, fmt.Errorf("replace has %q: write what to replace by what, such as replace:_:-", arguments)
	}
	before, after := arguments[:size+length], arguments[size+length+1:]
	for _, c := range after {
		if !allowed.value(c) {
			return nil, fmt.Errorf("replace puts in %q, which is not allowed: use %s", c, allowed.valueName)
		}
	}
	return func(value string) string { return strings.ReplaceAll(value, before, after) }, nil
}

// parseNames parses a pattern for names, and checks of their labels what shows
// before there are values.
func parseNames(text string) (template, error) {
	t, err := parse(text, nameAlphabet())
	if err != nil {
		return t, err
	}
	for _, l := range t.labels() {
		n := utf8.RuneCountInString(l.text)
		switch {
		case n == 0:
			return t, patternError(text, l.offset, "empty label: remove a dot")
		case l.text[0] == '-' || l.text[len(l.text)-1] == '-':
			return t, patternError(text, l.offset, "label begins or ends with a hyphen: remove it")
		case n > maxLabel:
			return t, patternError(text, l.offset, "label has at least %d characters, more than %d: shorten it", n, maxLabel)
		case l.open && isACE(l.lead):
			return t, patternError(text, l.offset, `label begins with "xn--", as only a whole A-label may: write it as a U-label`)
		}
	}
	return t, nil
}
