package suite

import (
	"strings"
	"testing"
)

func TestCompareNames(t *testing.T) {
	for listed, want := range map[string]string{
		"positive negative complex":     "",
		"complex negative positive":     "",
		"positive negative":             "the case complex is new",
		"positive negative complex odd": "the case odd is gone",
		"positive negated complex":      "the case negative is new | the case negated is gone",
		"":                              "the case positive is new | the case negative is new | the case complex is new",
	} {
		got := compareNames(cases(), strings.Fields(listed), "cases.txt")
		for i, problem := range got {
			got[i], _, _ = strings.Cut(problem, ",")
			got[i], _, _ = strings.Cut(got[i], ":")
		}
		if strings.Join(got, " | ") != want {
			t.Errorf("%q: %q, want %q", listed, got, want)
		}
	}
}

func TestCheckNames(t *testing.T) { CheckNames(t, cases(), "testdata/cases.txt") }
