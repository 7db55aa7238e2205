package eipbinder_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The README's code is the body of an example that runs.
func TestReadmeCodeIsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	code, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("README.md has no Go code")
	}
	_, rest, _ = strings.Cut(rest, "```text\n")
	printed, _, _ := strings.Cut(rest, "```")

	body, output := example(t, "binder/new_test.go", "ExampleNew")
	if code != body {
		t.Errorf("README.md has\n%s\nbut ExampleNew is\n%s", code, body)
	}
	if printed != output {
		t.Errorf("README.md says that it prints\n%s\nbut it prints\n%s", printed, output)
	}
}

// The README lists what its first program imports.
func TestReadmeListsTheImports(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, rest, _ := strings.Cut(string(readme), "```go\n")
	code, _, _ := strings.Cut(rest, "```")
	_, list, found := strings.Cut(text, "a program that imports")
	if !found {
		t.Fatal("README.md does not list imports")
	}
	listed, used := map[string]bool{}, map[string]bool{}
	for _, match := range regexp.MustCompile("`([a-z/0-9]+)`").FindAllStringSubmatch(list, -1) {
		listed[path.Base(match[1])] = true
	}
	declared := regexp.MustCompile(`\b(\w+)(, \w+)* :?= `).FindAllStringSubmatch(code, -1)
	for _, match := range regexp.MustCompile(`\b([a-z]+[0-9]*)\.[A-Z]`).FindAllStringSubmatch(code, -1) {
		variable := match[1] == "o" || slices.ContainsFunc(declared, func(d []string) bool { return d[1] == match[1] })
		used[match[1]] = !variable
	}
	maps.DeleteFunc(used, func(_ string, isPackage bool) bool { return !isPackage })
	if !maps.Equal(listed, used) {
		t.Errorf("README.md lists the packages %v, its code uses %v", listed, used)
	}
}

// example returns an example's body, without indentation, and its output.
func example(t *testing.T, file, name string) (body, output string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != name {
			continue
		}
		inner := source[set.Position(f.Body.Lbrace).Offset+2 : set.Position(f.Body.Rbrace).Offset]
		body, comment, _ := strings.Cut(string(inner), "\t// Output:\n")
		return strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:], strings.ReplaceAll("\n"+comment, "\n\t// ", "\n")[1:]
	}
	t.Fatalf("%s has no %s", file, name)
	return "", ""
}
