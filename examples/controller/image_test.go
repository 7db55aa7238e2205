package main

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// image is what the Dockerfile says.
type image struct{ golang, build, user, entrypoint string }

func readDockerfile(t *testing.T) (i image) {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for pattern, value := range map[string]*string{
		`FROM golang:(\S+) AS build`: &i.golang, `RUN (.+)`: &i.build, `USER (.+)`: &i.user, `ENTRYPOINT \["(.+)"\]`: &i.entrypoint,
	} {
		found := regexp.MustCompile("(?m)^"+pattern+"$").FindAllStringSubmatch(string(text), -1)
		if len(found) != 1 {
			t.Fatalf("%d lines like %s", len(found), pattern)
		}
		*value = found[0][1]
	}
	if !strings.Contains(string(text), "\nCOPY --from=build /tmp/controller "+i.entrypoint+"\n") {
		t.Errorf("%s is not what is built", i.entrypoint)
	}
	return i
}

// make builds the program as the image does, and returns its path. An image
// without libraries needs one that is linked statically.
func (i image) make(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "controller")
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(i.build, "/tmp/controller", program))
	cmd.Dir = "../.."
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", i.build, err, output)
	}
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("it is linked dynamically: %v", part.Type)
		}
	}
	return program
}

// The image's user is the chart's, and its Go is new enough.
func TestImage(t *testing.T) {
	i := readDockerfile(t)
	objects, err := render("eipbinder", chartValues())
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := unstructured.NestedMap(only(t, objects, "Deployment").Object, "spec", "template", "spec", "securityContext")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%v:%v", user["runAsUser"], user["runAsGroup"]); i.user != want || user["runAsUser"] == 0 {
		t.Errorf("the image's user is %s, the chart's %s", i.user, want)
	}
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(module), "\ngo "+i.golang+".") {
		t.Errorf("Go %s is not that of go.mod", i.golang)
	}
}
