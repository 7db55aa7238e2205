package e2e_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// readmeBlock returns the commands of examples/lambda/README.md that this one is
// among, as they stand there.
func readmeBlock(tb testing.TB, command string) string {
	tb.Helper()
	text, err := os.ReadFile("../lambda/README.md")
	if err != nil {
		tb.Fatal(err)
	}
	var found []string
	for _, block := range regexp.MustCompile("(?ms)^( *)```sh\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(block[2], command) {
			found = append(found, block[2])
		}
	}
	if len(found) != 1 {
		tb.Fatalf("README.md has %d blocks with the command %q, want one", len(found), command)
	}
	return found[0]
}

// readmeCommand is a command that README.md has in its text.
func readmeCommand(tb testing.TB, command string) string {
	tb.Helper()
	text, err := os.ReadFile("../lambda/README.md")
	if err != nil {
		tb.Fatal(err)
	}
	if !strings.Contains(string(text), "`"+command+"`") {
		tb.Errorf("README.md does not have the command %s", command)
	}
	return command
}

// readme is what README.md's commands are run against, by people who are in the root
// of the repository: moto, and the command line as it is built here.
type readme struct {
	moto      string
	quota     int               // of Lambda invocations at once
	variables map[string]string // of earlier steps
}

// Programs that stand before the real ones on the PATH. Lambda's account settings are
// not known to moto, and "go run" would compile all of the SDK in another way.
const (
	awsProgram = `#!/bin/sh
if [ "$1 $2" = "lambda get-account-settings" ]; then
	echo "$INVOCATIONS_AT_ONCE"
	exit
fi
exec "$AWS_PROGRAM" "$@"
`
	goProgram = `#!/bin/sh
[ "$1 $2" = "run ./examples/cli" ] || exit 1
shift 2
exec "$COMMAND_LINE" "$@"
`
)

// run runs commands of README.md's.
func (r readme) run(tb testing.TB, commands string) {
	tb.Helper()
	aws, err := exec.LookPath("aws")
	if err != nil {
		missing(tb, "the program aws is missing: pip install awscli")
	}
	folder := tb.TempDir()
	for name, text := range map[string]string{"aws": awsProgram, "go": goProgram} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	cmd := exec.CommandContext(tb.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir = "../.."
	cmd.Env = []string{
		"PATH=" + folder + ":" + os.Getenv("PATH"), "HOME=" + folder, "AWS_PROGRAM=" + aws, "COMMAND_LINE=" + commandLineFor(tb),
		"INVOCATIONS_AT_ONCE=" + asJSON(tb, r.quota),
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + r.moto,
	}
	for name, value := range r.variables {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("README.md's commands fail: %v\n%s\n%s", err, commands, output)
	}
}

// deployStack runs the commands by which README.md makes, or changes, the stack of
// the committed template, with other parameters behind those that stand there; and
// says what is there then.
func (r readme) deployStack(tb testing.TB, parameters map[string]string) *stack {
	tb.Helper()
	commands := strings.TrimRight(readmeBlock(tb, "aws cloudformation deploy --stack-name"), "\n")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		commands += " '" + name + "=" + parameters[name] + "'"
	}
	r.run(tb, commands)
	var s stack
	stackPython(tb, r.moto, nil, &s, "found", templateFile)
	for name, value := range parameters {
		if s.Parameters[name] != value {
			tb.Errorf("the stack has the parameter %s=%s, want %s", name, s.Parameters[name], value)
		}
	}
	return &s
}

// upload does what README.md's step before the stack does, with the package for this
// machine.
func (r readme) upload(tb testing.TB) {
	tb.Helper()
	folder := filepath.Dir(filepath.Dir(programFor(tb)))
	var nothing any
	stackPython(tb, r.moto, r.variables, &nothing, "upload", filepath.Join(folder, "eipbinder-"+runtime.GOARCH+".zip"))
}
