package deployment_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// own is a program with two settings of its own, and what it was given.
func own(given map[string][]string) deployment.Section {
	return deployment.Section{
		Name: deployment.ControllerSection, Keys: []string{"taint", "leavingTaints"},
		Set: func(key string, values []string) error {
			given[key] = values
			if slices.Contains(values, "wrong") {
				return errors.New("is wrong")
			}
			return nil
		},
	}
}

// fromSections reads the file as a program with these settings does.
func fromSections(config string, own ...deployment.Section) error {
	_, err := deployment.FromEnv(func(name string) string {
		return map[string]string{deployment.EnvConfig: config}[name]
	}, own...)
	return err
}

func TestSection(t *testing.T) {
	for section, want := range map[string]map[string][]string{
		"":                                      {},
		"controller:\n":                         {},
		"controller: {taint: , }\n":             {},
		"controller: {taint: gate}\n":           {"taint": {"gate"}},
		"controller: {taint: \"\"}\n":           {"taint": {""}},
		"controller: {leavingTaints: [a, b]}\n": {"leavingTaints": {"a", "b"}},
		"controller: {leavingTaints: []}\n":     {"leavingTaints": nil},
	} {
		given := map[string][]string{}
		if err := fromSections(whole+section, own(given)); err != nil {
			t.Errorf("%q: %v", section, err)
		}
		if diff := cmp.Diff(want, given); diff != "" {
			t.Errorf("%q: (-want +got):\n%s", section, diff)
		}
	}
}

// What is wrong in a program's section is said like all else, at once.
func TestWrongSection(t *testing.T) {
	for section, want := range map[string]string{
		"controller: gate":                       "controller: line 13 is a single value, not a mapping: set it to fields with values",
		"controller: {taint: wrong}":             "controller.taint: is wrong",
		"controller: {taint: {a: b}}":            "controller.taint: is a mapping, in line 13",
		"controller: {leavingTaints: [[a]]}":     "controller.leavingTaints: has a list in it, in line 13",
		"controller: {tains: a}":                 "controller.tains: is not a setting, in line 13: remove it, or correct it: known are leavingTaints, taint",
		"controller: {taint: a, taint: b}":       "controller.taint: is given twice, again in line 13: set it to one value",
		"controllers: {taint: a}":                "controllers: is not a setting, in line 13: remove it, or correct it: known are ",
		"controller: {taint: wrong}\nshare: 2":   "share: 2 is not above 0 and at most 1: set it to a part above 0, and at most 1, such as 0.5\ncontroller.taint: is wrong",
		"controller: {tains: a, taint: wrong}":   "controller.taint: is wrong\ncontroller.tains: is not a setting",
		"controller: {}\ncontroller: {taint: a}": "controller: is given twice, again in line 14: set it to one value",
	} {
		err := fromSections(whole+section, own(map[string][]string{}))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Count(err.Error(), "\n") != strings.Count(want, "\n") {
			t.Errorf("%q: error %v, want %q", section, err, want)
		}
	}
}

// Programs share a file: what is another one's is left alone, and no setting of a
// profile.
func TestSectionOfAnother(t *testing.T) {
	if err := fromSections(whole + "controller: {taint: wrong, anything: [a]}\n"); err != nil {
		t.Error(err)
	}
	for _, config := range []string{"controller: {taint: a}\n", strings.Replace(whole, "- name: voice", "- name: voice\n  controller: {taint: a}", 1)} {
		if err := fromSections(config); err == nil {
			t.Errorf("%q was taken", config)
		}
	}
	given := map[string][]string{}
	if _, err := deployment.FromEnv(env(), own(given)); err != nil || len(given) > 0 {
		t.Errorf("without a file: %v, %v", slices.Collect(maps.Keys(given)), err)
	}
}
