package storm_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/internal/storm"
)

// README.md has what is in the folder results of the storms of 250 and of 1,000.
func TestReadmeHasTheResults(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("results/storms.json")
	if err != nil {
		t.Fatal(err)
	}
	var results []storm.Result
	if err := json.Unmarshal(data, &results); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, r := range results {
		if r.Profile != "250" && r.Profile != "1000" {
			continue
		}
		rows++
		if row := readmeRow(r); !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks\n%s", row)
		}
	}
	if want := 2 * len(storm.Contenders()); rows != want || strings.Count(string(readme), "\n| 250, ")+strings.Count(string(readme), "\n| 1000, ") != want {
		t.Errorf("%d results of 250 and 1000, want %d, and as many rows in README.md", rows, want)
	}
}

// readmeRow is a result as README.md has it.
func readmeRow(r storm.Result) string {
	seconds := func(s float64) string {
		if s == 0 {
			return "never"
		}
		return fmt.Sprintf("%.0f", s)
	}
	overFloor := "-"
	if r.Ratio > 0 {
		overFloor = fmt.Sprintf("%.2f", r.Ratio)
	}
	return fmt.Sprintf("| %s, %s | %.0f %% | %s | %s | %s | %s | %.1f |\n", r.Profile, r.Contender, 100*r.BoundShare(),
		seconds(r.P50), seconds(r.P99), seconds(r.Last), overFloor, r.PerNode.Calls())
}
