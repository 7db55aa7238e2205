package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The command line's exit codes; see "eipbinder help".
const (
	exitDone    = 0
	exitWaiting = 3
)

// commandLine is examples/cli, built like this test, with the race detector or
// without it: then all that it consists of is compiled already.
var commandLine = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildFolder, "eipbinder")
	output, err := exec.Command("go", "build", "-race="+raceDetector(), "-o", path, "../cli").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}
	return path, nil
})

func raceDetector() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" {
				return s.Value
			}
		}
	}
	return "false"
}

func commandLineFor(tb testing.TB) string {
	tb.Helper()
	path, err := commandLine()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// process is one process of the command line.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

func newProcess(ctx context.Context, program string, settings map[string]string, args ...string) *process {
	p := &process{cmd: exec.CommandContext(ctx, program, append(args, "--json")...)}
	p.cmd.Env = []string{"GORACE=atexit_sleep_ms=0"} // the race detector would wait a second for other reports
	for name, value := range settings {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	return p
}

// wait waits for the process's end and says whether its work is done, and if
// not, when to come back. Anything else that it may have to say is an error.
func (p *process) wait() (done bool, retryAfter time.Duration, err error) {
	err = p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, 0, err
	}
	switch p.cmd.ProcessState.ExitCode() {
	case exitDone:
		return true, 0, nil
	case exitWaiting:
		retryAfter, err = p.retryAfter()
		return false, retryAfter, err
	}
	return false, 0, fmt.Errorf("%s: %s\n%s%s", p.cmd.Args[1:], p.cmd.ProcessState, p.stdout.String(), p.stderr.String())
}

// retryAfter is the time after which something else may come of all instances
// that are waited for.
func (p *process) retryAfter() (time.Duration, error) {
	type outcome struct{ RetryAfter time.Duration }
	var times []time.Duration
	for line := range strings.Lines(p.stdout.String()) {
		var printed struct {
			outcome
			Outcomes []outcome // of a sweep
		}
		if err := json.Unmarshal([]byte(line), &printed); err != nil {
			return 0, fmt.Errorf("%s prints %q: %w", p.cmd.Args[1:], line, err)
		}
		for _, o := range append(printed.Outcomes, printed.outcome) {
			if o.RetryAfter > 0 {
				times = append(times, o.RetryAfter)
			}
		}
	}
	if len(times) == 0 {
		return 0, fmt.Errorf("%s does not say when to come back: %s", p.cmd.Args[1:], p.stdout.String())
	}
	return slices.Max(times), nil
}
