package policytest

import (
	"hash/maphash"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/dnspolicy"
)

// processDefects are as wrong in each process as they could be; what is made anew
// stands for another process.
func processDefects() []defect {
	return []defect{
		{"names by a seed that each process draws", []string{"process"}, of(seeded)},
		{"record sets by a seed that each process draws", []string{"process"}, func() dnspolicy.Policy { return withText(seeded()) }},
	}
}

func seeded() namer {
	seed := maphash.MakeSeed()
	return func(s dnspolicy.Subject) ([]string, error) {
		if _, err := name(s); err != nil {
			return nil, err
		}
		return []string{"m-" + strconv.FormatUint(maphash.String(seed, s.InstanceID), 36)}, nil
	}
}

// Run fails, so it runs in a process of its own, which this variable tells, and
// which begins another one.
const (
	inner       = "POLICYTEST_INNER"
	innerFolder = "POLICYTEST_INNER_FOLDER"
)

func TestInner(t *testing.T) {
	switch os.Getenv(inner) {
	case "seeded":
		Run(t, seeded())
	case "seeded records":
		t.Run("two/levels (of [names])", func(t *testing.T) { Run(t, withText(seeded())) })
	case "second run":
		Run(t, namer(name))
		Run(t, seeded())
	case "not there":
		if err := os.Mkdir(filepath.Join(os.Getenv(innerFolder), "once"), 0o700); err != nil {
			return // the second process, which passes without Run
		}
		Run(t, namer(name))
	}
}

func TestAnotherProcess(t *testing.T) {
	for what, test := range map[string]struct{ failed, says string }{
		"seeded":         {"TestInner/process", "the contract says: Names and Records give the same in every process"},
		"seeded records": {"TestInner/two/levels_(of_[names])/process", "Records of"},
		"second run":     {"TestInner/process#01", "in another process:"},
		"not there":      {"TestInner/process", "did not get to the policy there"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInner$", "-test.v", "-test.timeout=2m")
			cmd.Env = append(os.Environ(), inner+"="+what, innerFolder+"="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), test.says) {
				t.Errorf("no %q in the output (%v):\n%s", test.says, err, out)
			}
			var failed []string // without what is above it
			for line := range strings.Lines(string(out)) {
				_, name, ok := strings.Cut(line, "--- FAIL: ")
				if name, _, _ := strings.Cut(name, " ("); ok && strings.Contains(name, "process") {
					failed = append(failed, name)
				} else if ok && !strings.HasPrefix(test.failed, name) {
					t.Errorf("%s fails, too:\n%s", name, out)
				}
			}
			if strings.Join(failed, " ") != test.failed {
				t.Errorf("%q fail, want %q:\n%s", failed, test.failed, out)
			}
		})
	}
}
