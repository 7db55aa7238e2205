package suite

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// CheckNames is the test that a suite is stable: the file lists the names of its
// cases, one a line. People exclude cases by name, so a name that goes, or means
// something else, breaks their tests.
func CheckNames[F any](t *testing.T, cases []Case[F], file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range compareNames(cases, strings.Fields(string(text)), file) {
		t.Error(problem)
	}
}

func compareNames[F any](cases []Case[F], listed []string, file string) (problems []string) {
	var names []string
	for _, c := range cases {
		if names = append(names, c.Name); !slices.Contains(listed, c.Name) {
			problems = append(problems, "the case "+c.Name+" is new: add it to "+file)
		}
	}
	for _, name := range listed {
		if !slices.Contains(names, name) {
			problems = append(problems, "the case "+name+" is gone, which breaks who excludes it: keep its name, or take it out of "+file+" and say so in CHANGELOG.md")
		}
	}
	return problems
}
