package eipbinder_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"testing"
)

// The README's other code is functions of programs that are tested: those of
// "Write a plug-in" of examples/customplugin. Each block stands below a comment
// that names the file and the function.
func TestReadmeFunctionsAreThoseOfTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)<!-- (\\S+\\.go) (\\w+) -->\n\n```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != 6 {
		t.Errorf("README.md has %d functions of the example, want 6", len(blocks))
	}
	for _, b := range blocks {
		if want := function(t, string(b[1]), string(b[2])); string(b[3]) != want {
			t.Errorf("README.md has\n%s\nbut %s has\n%s", b[3], b[1], want)
		}
	}
}

// function returns a function of the file, with its comment.
func function(t *testing.T, file, name string) string {
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
		from := f.Pos()
		if f.Doc != nil {
			from = f.Doc.Pos()
		}
		return string(source[set.Position(from).Offset:set.Position(f.End()).Offset]) + "\n"
	}
	t.Fatalf("%s has no function %s", file, name)
	return ""
}
