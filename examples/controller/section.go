package main

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// labelled says how people call a setting that came from the configuration file, by
// its flag.
type labelled map[string]string

// of returns how the setting was given, or may be.
func (l labelled) of(flag string) string { return cmp.Or(l[flag], "--"+flag) }

// notInFile are flags that say where the file is.
func notInFile(name string) bool { return name == "config" }

// section makes the flags settings of the file's part for this program, too. A
// flag that was given wins. It notes what came from the file.
func section(flags *flag.FlagSet, noted labelled) deployment.Section {
	names, given := map[string]string{}, map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	part := deployment.Section{Name: deployment.ControllerSection}
	flags.VisitAll(func(f *flag.Flag) {
		if key := keyOf(f.Name); !notInFile(f.Name) {
			names[key] = f.Name
			part.Keys = append(part.Keys, key)
		}
	})
	part.Set = func(key string, values []string) error {
		name := names[key]
		if given[name] {
			return nil
		}
		noted[name] = part.Name + "." + key
		return set(flags.Lookup(name), values)
	}
	return part
}

// set sets the flag to what the file says.
func set(f *flag.Flag, values []string) error {
	if _, many := f.Value.(*list); !many && len(values) != 1 {
		return fmt.Errorf("is a list of %d, not a single value", len(values))
	}
	value := strings.Join(values, ",")
	if err := f.Value.Set(value); err != nil {
		kind, _ := flag.UnquoteUsage(f)
		return fmt.Errorf("%q is not a %s: %w", value, cmp.Or(kind, "boolean"), err)
	}
	return nil
}

// keyOf returns the name in the file of what is a flag: sweepEvery of sweep-every.
func keyOf(name string) string {
	words := strings.Split(name, "-")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		if word == "id" {
			words[i+1] = "ID"
		}
	}
	return strings.Join(words, "")
}

// list is a flag of several values, with commas or spaces.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	*l = slices.Collect(strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }))
	return nil
}
