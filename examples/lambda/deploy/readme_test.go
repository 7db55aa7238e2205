package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readme returns the code blocks of examples/lambda/README.md in this language.
func readme(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, found := range regexp.MustCompile("(?ms)^ *```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, found[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("README.md has no %s", language)
	}
	return blocks
}

func TestReadmeDeploys(t *testing.T) {
	made := committed(t)
	blocks := readme(t, "sh")
	i := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, "cloudformation deploy") })
	if i < 0 {
		t.Fatal("README.md does not deploy")
	}
	given := map[string]bool{}
	_, overrides, _ := strings.Cut(blocks[i], "--parameter-overrides")
	for _, found := range regexp.MustCompile(`"?\b([A-Z][A-Za-z0-9]*)=("?\$[a-z]+|[^\s"]+)`).FindAllStringSubmatch(overrides, -1) {
		name, value := found[1], found[2]
		given[name] = true
		p, ok := made.Parameters[name]
		if !ok {
			t.Errorf("the template has no parameter %s", name)
		}
		if !strings.HasPrefix(value, "$") && !regexp.MustCompile(p.AllowedPattern).MatchString(value) {
			t.Errorf("%s does not take %s", name, value)
		}
	}
	for name, p := range made.Parameters {
		if p.Default == nil && !given[name] {
			t.Errorf("README.md does not give %s, which has no preset", name)
		}
	}
}

func TestReadmeNamesWhatThereIs(t *testing.T) {
	made := committed(t)
	text := strings.Join(readme(t, "sh"), "\n")
	for _, found := range regexp.MustCompile(`\boutput ([A-Z][A-Za-z]+)`).FindAllStringSubmatch(text, -1) {
		if made.Outputs[found[1]] == nil {
			t.Errorf("the template has no output %s", found[1])
		}
	}
	whole, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("`([A-Z][A-Za-z0-9]+)=[^`]*`").FindAllStringSubmatch(string(whole), -1) {
		if _, ok := made.Parameters[found[1]]; !ok {
			t.Errorf("the template has no parameter %s", found[1])
		}
	}
}

// TestReadmeAsksTheRightFunction: sweeps of the one that sweeps, and all else of
// the other.
func TestReadmeAsksTheRightFunction(t *testing.T) {
	whole, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`invoke (\S+) '\{"([a-z]+)"`).FindAllStringSubmatch(string(whole), -1)
	if all := regexp.MustCompile(`\binvoke ["']`).FindAllString(string(whole), -1); len(said) < 5 || len(said) != len(all) {
		t.Errorf("README.md invokes %q", said)
	}
	for _, found := range said {
		if want := map[bool]string{true: "sweeper", false: "function"}[found[2] == "sweep"]; found[1] != `"$`+want+`"` {
			t.Errorf("%q is asked of %s, not of %s", found[2], found[1], want)
		}
	}
}

func TestReadmeIsShell(t *testing.T) {
	bash := part(t, "bash", "gnu.org/software/bash")
	for _, block := range readme(t, "sh") {
		if out, err := exec.CommandContext(t.Context(), bash, "-n", "-c", block).CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, out, block)
		}
	}
}
