package deployment

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// ControllerSection is the name of the Section of examples/controller.
const ControllerSection = "controller"

// Section is the part of a configuration file that is for one program: a mapping
// at the top of the file. Programs leave those of others alone, so that one file
// does for all of them.
type Section struct {
	// Name is its name in the file; ControllerSection is the only one.
	Name string
	// Keys are the settings that it may have.
	Keys []string
	// Set takes what is given for one of them: a single value, or those of a list. The
	// value may be empty, the list, too.
	Set func(key string, values []string) error
}

// programs hands the file's part of each program to it, and passes over those of
// others. The errors have the path of the field, such as controller.taint.
func (s *section) programs(own []Section) (errs []error) {
	s.asked[ControllerSection] = true
	for _, part := range own {
		node, ok := s.fields[part.Name]
		if !ok || node.Tag == "!!null" {
			continue
		}
		fields, err := newSection(s.label(part.Name, ""), node, s.getenv)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = slices.Concat(errs, fields.hand(part), fields.unknown())
	}
	return errs
}

// hand hands over what is given.
func (s *section) hand(to Section) (errs []error) {
	for _, key := range to.Keys {
		s.asked[key] = true
		node, ok := s.fields[key]
		if !ok || node.Tag == "!!null" {
			continue
		}
		if err := handOne(node, key, to.Set); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.label(key, ""), err))
		}
	}
	return errs
}

func handOne(node *yaml.Node, key string, set func(string, []string) error) error {
	values, err := itemsOf(node, false)
	if err != nil {
		return err
	}
	return set(key, values)
}
