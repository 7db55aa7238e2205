package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func readREADME(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block returns README.md's one block in this language that stands below this
// comment.
func block(t *testing.T, comment, language string) string {
	t.Helper()
	below := regexp.MustCompile("(?s)<!-- " + regexp.QuoteMeta(comment) + " -->\n\n```" + language + "\n(.*?)```")
	found := below.FindAllStringSubmatch(readREADME(t), -1)
	if len(found) != 1 {
		t.Fatalf("README.md has %d blocks below %q", len(found), comment)
	}
	return found[0][1]
}

// README.md shows the NodePool and the EC2NodeClass that the tests with Karpenter
// use.
func TestReadmeShowsTheManifests(t *testing.T) {
	wantShown(t, "deploy/karpenter.yaml", "yaml")
}

// wantShown checks that README.md shows the file as it is.
func wantShown(t *testing.T, path, language string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if shown := block(t, path, language); shown != string(file) {
		t.Errorf("README.md shows\n%s\nbut %s is\n%s", shown, path, file)
	}
}

// The section that it shows is right.
func TestReadmeShowsASection(t *testing.T) {
	_, section, _ := strings.Cut(block(t, "section", "yaml"), "controller:\n  ")
	s, err := parseFile(section)
	is := shown(s)
	if got := fmt.Sprintf("%v after %v", is["dry-pool"], is["dry-timeout"]); err != nil || got != "admit after 10m0s" {
		t.Errorf("it comes to %v, %v", is, err)
	}
}

// README.md has each setting in its table, with its default.
func TestReadmeHasAllSettings(t *testing.T) {
	_, section, _ := strings.Cut(readREADME(t), "\n## Settings\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `--") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	all := flag.NewFlagSet("", flag.ContinueOnError)
	(&settings{}).register(all)
	(&nodeFlags{}).register(all)
	all.VisitAll(func(f *flag.Flag) {
		begin, end := fmt.Sprintf("| `--%s` | `%s` | ", f.Name, keyOf(f.Name)), " | |"
		if f.DefValue != "" {
			end = " | `" + f.DefValue + "` |"
		}
		if len(rows) == 0 || !strings.HasPrefix(rows[0], begin) || !strings.HasSuffix(rows[0], end) {
			t.Fatalf("README.md has %q, want %s...%s", rows, begin, end)
		}
		rows = rows[1:]
	})
	if len(rows) > 0 {
		t.Errorf("README.md has more: %q", rows)
	}
}

// commandsIn returns the lines of README.md that are commands, and run the program
// of this folder.
func commandsIn(t *testing.T, folder string) (commands []string) {
	t.Helper()
	for _, shell := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(readREADME(t), -1) {
		for line := range strings.Lines(shell[1]) {
			if strings.Contains(line, "go run ./"+folder+" ") {
				commands = append(commands, strings.TrimSpace(line))
			}
		}
	}
	return commands
}

// The package's comment has the command of README.md.
func TestCommandInComment(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	command := commandsIn(t, "examples/controller")
	if len(command) != 1 || !strings.Contains(string(source), "\n//\t"+command[0]+"\n") {
		t.Errorf("it does not have %q", command)
	}
}
