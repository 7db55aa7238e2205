package eipbinder_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every constructor that can be imported, in whichever module, is called by an
// example that runs. Constructors are the functions that go doc shows below a type,
// and those that make something of another package: an interface of ours, or what
// a pointer points at.
func TestConstructorsHaveExamples(t *testing.T) {
	seen := 0
	for folder, files := range goFiles(t, ".") {
		pkg := parsePackage(t, folder, files)
		if pkg == nil {
			continue
		}
		called := calledByExamples(pkg)
		for _, f := range constructors(pkg) {
			seen++
			if !called[f] {
				t.Errorf("%s: no Example with output calls %s", folder, f)
			}
		}
	}
	if seen < 40 {
		t.Errorf("found %d constructors: the search for them is broken", seen)
	}
}

// goFiles returns the Go files of each folder whose package others may import.
func goFiles(t *testing.T, root string) map[string][]string {
	t.Helper()
	hidden := regexp.MustCompile(`^([._].+|internal|testdata|node_modules)$`)
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && hidden.MatchString(d.Name()):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go"):
			found[filepath.Dir(path)] = append(found[filepath.Dir(path)], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// parsePackage returns the package without main programs and without code: nil.
func parsePackage(t *testing.T, folder string, files []string) *doc.Package {
	t.Helper()
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, file := range files {
		f, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name.Name == "main" {
			return nil
		}
		parsed = append(parsed, f)
	}
	pkg, err := doc.NewFromFiles(set, parsed, folder)
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	return pkg
}

// constructors returns their names, sorted.
func constructors(pkg *doc.Package) []string {
	var names []string
	for _, typ := range pkg.Types {
		for _, f := range typ.Funcs {
			names = append(names, f.Name)
		}
	}
	for _, f := range pkg.Funcs {
		if makesForeign(f.Decl.Type) {
			names = append(names, f.Name)
		}
	}
	return slices.Sorted(slices.Values(names))
}

// makesForeign reports whether the first result is another package's.
func makesForeign(f *ast.FuncType) bool {
	if f.Results == nil {
		return false
	}
	first := f.Results.List[0].Type
	star, pointer := first.(*ast.StarExpr)
	if pointer {
		first = star.X
	}
	of, ok := first.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	interfaces := []string{"binder", "dnspolicy", "eippool", "store"}
	return pointer || slices.Contains(interfaces, of.X.(*ast.Ident).Name)
}

// calledByExamples returns the package's functions that its examples with output call.
func calledByExamples(pkg *doc.Package) map[string]bool {
	called := map[string]bool{}
	for _, e := range allExamples(pkg) {
		if e.Output == "" && !e.EmptyOutput {
			continue
		}
		ast.Inspect(e.Code, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok {
					if of, ok := f.X.(*ast.Ident); ok && of.Name == pkg.Name {
						called[f.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	return called
}

func allExamples(pkg *doc.Package) []*doc.Example {
	all := slices.Clone(pkg.Examples)
	for _, f := range pkg.Funcs {
		all = append(all, f.Examples...)
	}
	for _, typ := range pkg.Types {
		all = append(all, typ.Examples...)
		for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
			all = append(all, f.Examples...)
		}
	}
	return all
}
