package awssim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form reads a request of the EC2 Query protocol, and notes what has been read
// so that parameters which nobody knows can be refused. Lists are numbered
// keys (InstanceId.1), structures are dotted ones (Filter.1.Name).
type form struct {
	prefix string
	*formState
}

type formState struct {
	values url.Values
	read   map[string]bool
	err    error // the first thing that is wrong
}

func newForm(values url.Values) *form {
	f := &form{formState: &formState{values: values, read: map[string]bool{}}}
	f.ignore("Action", "Version")
	return f
}

func (f *form) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *form) has(key string) bool { return f.values.Has(f.prefix + key) }

func (f *form) str(key string) string {
	f.read[f.prefix+key] = true
	return f.values.Get(f.prefix + key)
}

func (f *form) integer(key string, absent int) int {
	text := f.str(key)
	if text == "" {
		return absent
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		f.fail(refusef("InvalidParameterValue", "Value (%s) for parameter %s is invalid: not a number", text, f.prefix+key))
	}
	return n
}

func (f *form) boolean(key string, absent bool) bool {
	switch text := f.str(key); text {
	case "":
		return absent
	case "true", "false":
		return text == "true"
	default:
		f.fail(refusef("InvalidParameterValue", "Value (%s) for parameter %s is invalid: not a boolean", text, f.prefix+key))
		return absent
	}
}

// list returns the values of key.1, key.2 and so on.
func (f *form) list(key string) []string {
	var values []string
	for _, item := range f.items(key) {
		values = append(values, item.bare())
	}
	return values
}

// bare reads the value of a list item that is no structure.
func (f *form) bare() string {
	key := strings.TrimSuffix(f.prefix, ".")
	f.read[key] = true
	return f.values.Get(key)
}

// items returns the list's items in the order of their numbers.
func (f *form) items(key string) []*form {
	start := f.prefix + key + "."
	numbers := map[int]bool{}
	for name := range f.values {
		if rest, ok := strings.CutPrefix(name, start); ok {
			number, _, _ := strings.Cut(rest, ".")
			if n, err := strconv.Atoi(number); err == nil && n > 0 {
				numbers[n] = true
			}
		}
	}
	f.str(key) // an empty list is sent as an empty value
	var items []*form
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		items = append(items, &form{prefix: start + strconv.Itoa(n) + ".", formState: f.formState})
	}
	return items
}

// ignore accepts parameters, and structures of these names, without a look at
// them: AWS knows them, the model does not.
func (f *form) ignore(keys ...string) {
	for name := range f.values {
		for _, key := range keys {
			if name == f.prefix+key || strings.HasPrefix(name, f.prefix+key+".") {
				f.read[name] = true
			}
		}
	}
}

// finish refuses what is left over, and dry runs.
func (f *form) finish() error {
	dryRun := f.boolean("DryRun", false)
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !f.read[name] {
			f.fail(refusef("UnknownParameter", "The parameter %s is not recognized", name))
		}
	}
	if f.err == nil && dryRun {
		f.fail(&apiError{status: http.StatusPreconditionFailed, code: "DryRunOperation",
			message: "Request would have succeeded, but DryRun flag is set."})
	}
	return f.err
}

// filters reads Filter.N, of which the call knows these beside those of tags.
func (f *form) filters(known ...string) filters {
	var fs filters
	for _, item := range f.items("Filter") {
		fs = append(fs, filter{name: item.str("Name"), patterns: item.list("Value")})
	}
	if err := fs.check(known); err != nil {
		f.fail(err)
	}
	return fs
}

// tags reads Tag.N.
func (f *form) tags() []tag {
	var tags []tag
	for _, item := range f.items("Tag") {
		tags = append(tags, tag{hasValue: item.has("Value"), key: item.str("Key"), value: item.str("Value")})
	}
	return tags
}

// tagSpecification returns the tags that TagSpecification.N gives to each type
// of resource, of which the call creates these.
func (f *form) tagSpecification(resourceTypes ...string) map[string]map[string]string {
	specified := map[string]map[string]string{}
	for _, item := range f.items("TagSpecification") {
		kind, tags := item.str("ResourceType"), item.tags()
		if !slices.Contains(resourceTypes, kind) {
			f.fail(refusef("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", kind))
		}
		if err := checkTags(tags); err != nil {
			f.fail(err)
		}
		place := specified[kind]
		setTags(&place, tags)
		specified[kind] = place
	}
	return specified
}
