package deployment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/ec2tag"
)

// scope is where settings are looked for: the environment, a file, or a profile
// in it.
type scope interface {
	// get returns the items that are given, one or more, and where; none if
	// nothing is. An error says that it is given in a wrong form.
	get(s Setting) (items []string, label string, err error)
	// label says how people call the setting here.
	label(key, variable string) string
	// presetName is the name of a profile that has none; empty: it needs one.
	presetName() string
	// unknown returns errors about what is given and was not asked for.
	unknown() []error
}

// reader collects what is wrong.
type reader struct {
	getenv func(string) string
	known  map[string]Setting // by key
	errs   []error
}

func newReader(getenv func(string) string) *reader {
	r := &reader{getenv: getenv, known: map[string]Setting{}}
	for _, s := range Settings() {
		r.known[s.Key] = s
	}
	return r
}

func (r *reader) fail(label string, problem error, fix string) {
	line := strings.ReplaceAll(problem.Error(), "\n", "; ")
	r.errs = append(r.errs, problemError{fmt.Sprintf("%s: %s: set it to %s", label, line, fix), problem})
}

// problemError is an error in one line.
type problemError struct {
	line  string
	cause error
}

func (e problemError) Error() string { return e.line }
func (e problemError) Unwrap() error { return e.cause }

// unique returns the errors, each once: what is given for all profiles is read
// for each.
func (r *reader) unique() []error {
	seen := map[string]bool{}
	return slices.DeleteFunc(r.errs, func(err error) bool {
		again := seen[err.Error()]
		seen[err.Error()] = true
		return again
	})
}

// errBeside: a variable says what a file is to say.
var errBeside = errors.New("is set beside " + EnvConfig + ", which has all settings")

// read parses the setting of this key, or its default; the zero value if it has
// none. A preset stands in for the default.
func read[T any](r *reader, in scope, key string, parse func([]string) (T, error), preset ...string) T {
	var none T
	s := r.known[key]
	if len(preset) > 0 {
		s = s.or(preset[0])
	}
	items, label, err := in.get(s)
	switch {
	case errors.Is(err, errBeside):
		r.fail(label, err, "nothing, and "+s.Key+" in the file instead")
		return none
	case err != nil:
		r.fail(label, err, s.fix)
		return none
	case len(items) > 0:
	case s.Required:
		r.fail(label, errors.New("is not set"), s.fix)
		return none
	case s.Default == "":
		return none
	default:
		items = []string{s.Default}
	}
	value, err := parse(items)
	if err != nil {
		r.fail(label, err, s.fix)
		return none
	}
	return value
}

// one makes a parser of a single item.
func one[T any](parse func(string) (T, error)) func([]string) (T, error) {
	return func(items []string) (T, error) {
		if len(items) != 1 {
			var none T
			return none, fmt.Errorf("is a list of %d, not a single value", len(items))
		}
		return parse(items[0])
	}
}

func text(s string) (string, error) { return s, nil }

// suffix returns the suffix in A-labels, as recorders take it.
func suffix(s string) (string, error) {
	ascii, err := binder.ToASCII(strings.TrimSuffix(s, ".") + ".")
	if err != nil {
		return "", err
	}
	return dnspolicy.CheckName(ascii)
}

func zoneID(s string) (string, error) {
	id := strings.TrimPrefix(s, "/hostedzone/")
	if id == "" || strings.ContainsAny(id, "/. ") {
		return "", fmt.Errorf("%q is not the ID of a hosted zone", s)
	}
	return id, nil
}

func selector(items []string) (ec2tag.Selector, error) {
	return ec2tag.Parse(strings.Join(items, ","))
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = fmt.Errorf("%s is negative", s)
	}
	return d, err
}

func lease(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && d < time.Second {
		err = fmt.Errorf("%s is shorter than a second", s)
	}
	return d, err
}

func wholeSeconds(s string) (time.Duration, error) {
	d, err := duration(s)
	if err == nil && d%time.Second != 0 {
		err = fmt.Errorf("%s is not a number of whole seconds", s)
	}
	return d, err
}

func keys(items []string) ([]string, error) {
	return strings.FieldsFunc(strings.Join(items, ","), func(c rune) bool { return c == ',' || c == ' ' }), nil
}
