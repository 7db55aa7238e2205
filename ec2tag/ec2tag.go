// Package ec2tag selects EC2 resources by their tags. The pool of addresses
// (ec2pool) and the fleet of instances (ec2fleet) are both configured with a
// [Selector], which one line of text can hold:
//
//	workers, err := ec2tag.Parse("karpenter.sh/nodepool|karpenter.sh/provisioner-name=media,App=streaming")
//	if err != nil {
//		return err
//	}
//	fleet, err := ec2fleet.New(client, func(o *ec2fleet.Options) { o.Tags = workers })
//
// Everything here is pure and safe for concurrent use.
package ec2tag

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Filter matches a resource that has at least one of the tags Keys with one of
// Values.
type Filter struct {
	// Keys are alternatives, at least one: a tag that was renamed, say.
	Keys []string
	// Values are alternatives. Empty: the tag may have any value. An empty value
	// cannot be asked for.
	Values []string
}

// Key returns the filter of a single key.
func Key(key string, values ...string) Filter {
	return Filter{Keys: []string{key}, Values: values}
}

// Matches reports whether a resource with these tags passes the filter.
func (f Filter) Matches(tags map[string]string) bool {
	return slices.ContainsFunc(f.Keys, func(key string) bool {
		value, ok := tags[key]
		return ok && (len(f.Values) == 0 || slices.Contains(f.Values, value))
	})
}

// Selector matches a resource that passes all its filters. The empty Selector
// matches everything; who must not select everything calls [Selector.Validate].
type Selector []Filter

// Parse reads a selector from text: filters are separated by commas, a
// filter's alternatives by vertical bars, its keys from its values by the
// first equals sign.
//
//	Pool=media              the tag Pool has the value media
//	Pool=media|voice        ... media or voice
//	Pool                    ... any value
//	Pool|pool=media         Pool or pool has the value media
//	Pool=media,Stage=prod   both filters match
//
// Spaces around filters and alternatives do not count. Keys and values with
// commas or bars, and keys with an equals sign, have no text form.
func Parse(text string) (Selector, error) {
	var s Selector
	for part := range strings.SplitSeq(text, ",") {
		keys, values, found := strings.Cut(part, "=")
		filter := Filter{Keys: alternatives(keys)}
		if found {
			filter.Values = alternatives(values)
		}
		s = append(s, filter)
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("tag filters %q: %w", text, err)
	}
	return s, nil
}

func alternatives(text string) []string {
	parts := strings.Split(text, "|")
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
	}
	return parts
}

// Validate returns an error if the selector is empty, or if a filter has no
// key, an empty key or an empty value.
func (s Selector) Validate() error {
	if len(s) == 0 {
		return errors.New("no tag filter: that would select everything in the account")
	}
	for i, f := range s {
		switch {
		case len(f.Keys) == 0 || slices.Contains(f.Keys, ""):
			return fmt.Errorf("tag filter %d has an empty key", i+1)
		case slices.Contains(f.Values, ""):
			return fmt.Errorf("tag filter %d (%s) has an empty value: leave the equals sign away to accept any", i+1, f.Keys[0])
		}
	}
	return nil
}

// Matches reports whether a resource with these tags passes all filters.
func (s Selector) Matches(tags map[string]string) bool {
	return !slices.ContainsFunc(s, func(f Filter) bool { return !f.Matches(tags) })
}

// Clone returns a copy that shares no memory with s.
func (s Selector) Clone() Selector {
	s = slices.Clone(s)
	for i, f := range s {
		s[i] = Filter{Keys: slices.Clone(f.Keys), Values: slices.Clone(f.Values)}
	}
	return s
}

// Tags returns tags for a resource that is to pass the selector: the first of
// Examples; nil if two filters contradict each other, so that nothing passes.
func (s Selector) Tags() map[string]string {
	for tags := range s.Examples() {
		return tags
	}
	return nil
}

// Examples yields all the ways to pass the selector with no more tags than that
// takes: of each filter each of its keys with each of its values, or with an empty
// value where any will do, unless the tags of the filters before it do. A yielded
// map is the receiver's. There may be very many: break off.
func (s Selector) Examples() iter.Seq[map[string]string] {
	choosy := slices.Clone(s) // first those that want a certain value, which may do for others
	slices.SortStableFunc(choosy, func(a, b Filter) int { return cmp.Compare(min(len(b.Values), 1), min(len(a.Values), 1)) })
	return func(yield func(map[string]string) bool) { choosy.extend(map[string]string{}, yield) }
}

// extend yields the tags with what the selector needs beside them, and reports
// whether more is wanted.
func (s Selector) extend(tags map[string]string, yield func(map[string]string) bool) bool {
	if len(s) == 0 {
		return yield(maps.Clone(tags))
	}
	if s[0].Matches(tags) {
		return s[1:].extend(tags, yield)
	}
	values := s[0].Values
	if len(values) == 0 {
		values = []string{""}
	}
	for _, key := range s[0].Keys {
		if _, given := tags[key]; given {
			continue // another value, which a filter before needs
		}
		for _, value := range values {
			tags[key] = value
			more := s[1:].extend(tags, yield)
			if delete(tags, key); !more {
				return false
			}
		}
	}
	return true
}

// Request yields names and values of filters for EC2's Describe calls. They let
// through all that the selector matches, and maybe more: each result is still to be
// put to Matches. A single key becomes "tag:KEY"; "any of these keys" can only
// be said by "tag-key". What EC2 makes of a filter name that occurs twice is not
// documented, so each goes in once.
func (s Selector) Request() iter.Seq2[string, []string] {
	request := map[string][]string{}
	for _, f := range s {
		name, values := "tag-key", f.Keys
		if len(f.Keys) == 1 && len(f.Values) > 0 {
			name, values = "tag:"+f.Keys[0], f.Values
		}
		if _, ok := request[name]; !ok {
			request[name] = escapeAll(values)
		}
	}
	return func(yield func(string, []string) bool) {
		for _, name := range slices.Sorted(maps.Keys(request)) {
			if !yield(name, request[name]) {
				return
			}
		}
	}
}

func escapeAll(values []string) []string {
	escaped := make([]string, len(values))
	for i, value := range values {
		escaped[i] = Escape(value)
	}
	return escaped
}

// Escape makes a filter value of text to be matched literally. In the values
// of EC2's filters * and ? are wildcards, and a backslash takes their meaning
// away ("List and filter your resources" in the EC2 user guide).
func Escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text)
}
