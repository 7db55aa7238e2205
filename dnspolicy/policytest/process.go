package policytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func processCases() []testCase {
	return []testCase{
		{Name: "process", Contract: "Names and Records give the same in every process: nothing that they depend on is drawn when one begins.", Run: func(t tb, f fixture) {
			here := f.transcript()
			there, err := f.elsewhere(here)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if !slices.Equal(here, there) {
				t.Errorf("in another process:\n%s\nhere:\n%s", strings.Join(there, "\n"), strings.Join(here, "\n"))
			}
		}},
	}
}

// transcript has a line for each question about each subject, which says all
// but what an error says.
func (f fixture) transcript() []string {
	var lines []string
	for _, q := range []question{askNames(), askRecords()} {
		_, answers := q.first(f)
		for i, a := range answers {
			said := fmt.Sprintf("%q %v", a.names, a.sets)
			if a.err != nil || a.panic != nil {
				said = "an error"
			}
			lines = append(lines, fmt.Sprintf("%s of %+v = %s", q.name, f.Subjects[i], said))
		}
	}
	return lines
}

// transcriptFile is set in the second process of a test: where to leave what the
// policy says there.
const transcriptFile = "EIPBINDER_POLICYTEST_TRANSCRIPT"

// secondProcess returns what the policy says in a second process of this program
// that runs the same case of the same test, and nothing else. In that process
// it leaves what the policy says here.
func secondProcess(t *testing.T) func(here []string) ([]string, error) {
	return func(here []string) (there []string, err error) {
		if file := os.Getenv(transcriptFile); file != "" {
			return here, leave(file, here)
		}
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		file := filepath.Join(t.TempDir(), "transcript.json")
		cmd := exec.CommandContext(t.Context(), program, "-test.run="+only(t.Name()), "-test.v", "-test.timeout=2m") //nolint:gosec // this program
		const noWait = " atexit_sleep_ms=0"                                                                          // the race detector's second for what still runs
		cmd.Env = append(os.Environ(), transcriptFile+"="+file, "GORACE="+os.Getenv("GORACE")+noWait)
		out, failed := cmd.CombinedOutput()
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &there)
		}
		if err != nil {
			return nil, fmt.Errorf("this test was run in a second process, and did not get to the policy there: %w\n%s", errors.Join(failed, err), out)
		}
		return there, nil
	}
}

func leave(file string, lines []string) error {
	text, err := json.Marshal(lines)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// only matches the test of this name, level by level, as the flag -test.run does.
func only(test string) string {
	var levels []string
	for level := range strings.SplitSeq(test, "/") {
		levels = append(levels, "^"+regexp.QuoteMeta(level)+"$")
	}
	return strings.Join(levels, "/")
}
