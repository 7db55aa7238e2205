package deployment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// open returns where to look for the shared settings and for those of each
// profile.
func open(getenv func(string) string) (shared scope, profiles []scope, err error) {
	source := strings.TrimSpace(getenv(EnvConfig))
	if source == "" {
		env := environment{getenv}
		return env, []scope{env}, nil
	}
	content := []byte(source)
	if inline := strings.HasPrefix(source, "{") || strings.Contains(source, "\n"); !inline {
		if content, err = os.ReadFile(source); err != nil {
			return nil, nil, fmt.Errorf("%s: %w: set it to the path of a configuration file, or to its text", EnvConfig, err)
		}
	}
	if shared, profiles, err = openFile(content, getenv); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", EnvConfig, err)
	}
	return shared, profiles, nil
}

// openFile splits a configuration file, in YAML or JSON, into its scopes.
func openFile(content []byte, getenv func(string) string) (scope, []scope, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("it is neither YAML nor JSON: %w", err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("there is more than one document in it: leave one")
	}
	if len(document.Content) == 0 {
		return nil, nil, errors.New("it is empty: set profiles to a list of at least one")
	}
	top, err := newSection("", document.Content[0], getenv)
	if err != nil {
		return nil, nil, err
	}
	list, ok := top.fields["profiles"]
	if !ok || list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		return nil, nil, errors.New("profiles: is not a list of at least one profile: set it to one, each with name, suffix, hostedZoneID, poolTags and instanceTags")
	}
	top.asked["profiles"] = true
	var profiles []scope
	var errs []error
	for i, node := range list.Content {
		section, err := newSection(fmt.Sprintf("profiles[%d]", i), resolved(node), getenv)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		section.parent = top
		profiles = append(profiles, section)
	}
	return top, profiles, errors.Join(errs...)
}

// section is the scope of one mapping of a file: all of it, or a profile, which
// takes from all of it what it has not itself.
type section struct {
	path   string
	fields map[string]*yaml.Node
	twice  []error
	asked  map[string]bool
	parent *section
	getenv func(string) string
}

func newSection(path string, node *yaml.Node, getenv func(string) string) (*section, error) {
	s := &section{path: path, fields: map[string]*yaml.Node{}, asked: map[string]bool{}, getenv: getenv}
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: line %d is %s, not a mapping: set it to fields with values", s.at("the file"), node.Line, form(node))
	}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		if _, again := s.fields[key.Value]; again {
			s.twice = append(s.twice, fmt.Errorf("%s: is given twice, again in line %d: set it to one value", s.label(key.Value, ""), key.Line))
		}
		s.fields[key.Value] = resolved(node.Content[i+1])
	}
	return s, nil
}

// at returns the section's own path, or a word for the whole.
func (s *section) at(whole string) string {
	if s.path == "" {
		return whole
	}
	return s.path
}

func (s *section) label(key, _ string) string {
	if s.path == "" {
		return key
	}
	return s.path + "." + key
}

func (s *section) presetName() string { return "" }

// own reports whether each profile must have the setting for itself.
func own(key string) bool {
	return slices.Contains([]string{"name", "suffix", "poolTags", "instanceTags", "binderID"}, key)
}

func (s *section) get(want Setting) (items []string, label string, err error) {
	label = s.label(want.Key, want.Variable)
	s.asked[want.Key] = true
	if want.Variable != "" && strings.TrimSpace(s.getenv(want.Variable)) != "" {
		return nil, want.Variable, errBeside
	}
	node, ok := s.fields[want.Key]
	if !ok && s.parent != nil && !own(want.Key) {
		s.parent.asked[want.Key] = true
		if node, ok = s.parent.fields[want.Key]; ok {
			label = s.parent.label(want.Key, want.Variable)
		}
	}
	if !ok || node.Tag == "!!null" {
		return nil, label, nil
	}
	items, err = fullItemsOf(node, want.Key == "poolTags" || want.Key == "instanceTags")
	return items, label, err
}

// fullItemsOf is itemsOf where nothing may be empty.
func fullItemsOf(node *yaml.Node, tags bool) ([]string, error) {
	items, err := itemsOf(node, tags)
	if err == nil && slices.Contains(items, "") {
		err = fmt.Errorf("is empty, in line %d", node.Line)
	}
	return items, err
}

// itemsOf returns a single value, a list's values, or, of tags, a mapping's
// "key=value".
func itemsOf(node *yaml.Node, tags bool) ([]string, error) {
	var items []string
	switch {
	case node.Kind == yaml.ScalarNode:
		items = []string{strings.TrimSpace(node.Value)}
	case node.Kind == yaml.SequenceNode || node.Kind == yaml.MappingNode && tags:
		for _, n := range node.Content {
			if n = resolved(n); n.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("has %s in it, in line %d", form(n), n.Line)
			}
			items = append(items, strings.TrimSpace(n.Value))
		}
	default:
		return nil, fmt.Errorf("is %s, in line %d", form(node), node.Line)
	}
	if node.Kind == yaml.MappingNode {
		for i := range len(items) / 2 {
			items[i] = items[2*i] + "=" + items[2*i+1]
		}
		items = items[:len(items)/2]
		slices.Sort(items) // a mapping has no order
	}
	return items, nil
}

func (s *section) unknown() []error {
	errs := s.twice
	for _, key := range slices.Sorted(maps.Keys(s.fields)) {
		if s.asked[key] {
			continue
		}
		hint := "known are " + strings.Join(slices.Sorted(maps.Keys(s.asked)), ", ")
		if s.path == "" && own(key) {
			hint = "it belongs into each of profiles"
		}
		errs = append(errs, fmt.Errorf("%s: is not a setting, in line %d: remove it, or correct it: %s", s.label(key, ""), s.fields[key].Line, hint))
	}
	return errs
}

// resolved follows an alias to its anchor.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func form(node *yaml.Node) string {
	switch node.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	return "a single value"
}
