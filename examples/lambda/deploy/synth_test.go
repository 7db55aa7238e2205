package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/jsii-runtime-go"
)

var update = flag.Bool("update", false, "write template.json and IAM.md anew")

// synthInto is the folder of a process that is there to synthesize, and for nothing else.
const synthInto = "EIPBINDER_TEST_SYNTH_INTO"

// TestMain synthesizes in a process of its own, since the CDK reads the environment
// when it is linked, and its end (jsii.Close) is a data race once it is at work.
func TestMain(m *testing.M) {
	if folder := os.Getenv(synthInto); folder != "" {
		synthesize(&folder)
		return
	}
	code := m.Run()
	jsii.Close() // removes what the CDK unpacks though nobody has called it
	os.Exit(code)
}

// part returns the path of a program that a test needs.
func part(t *testing.T, program, how string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing := program + " is missing: " + how
		if os.Getenv("EIPBINDER_REQUIRE_PARTS") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return path
}

func TestTemplateIsTheSynth(t *testing.T) {
	part(t, "node", "the CDK is a program of Node.js (nodejs.org)")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), synthInto+"="+folder, "TMPDIR="+folder, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	made, err := os.ReadFile(filepath.Join(folder, "eipbinder.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "template.json", string(made)+"\n")
}

func TestRightsAreDescribed(t *testing.T) {
	compare(t, "IAM.md", describeRights())
}

func compare(t *testing.T, name, made string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != made {
		t.Errorf("%s is not what the program makes: run go test -run 'Synth|Described' -update", name)
	}
}
