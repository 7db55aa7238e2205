package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func Example() {
	folder, err := os.MkdirTemp("", "customplugin")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	if err := demonstrate(context.Background(), os.Stdout, folder); err != nil {
		fmt.Println(err)
	}
	left, err := os.ReadFile(filepath.Join(folder, "assignments.json"))
	fmt.Println("machines with an address:", strings.Count(string(left), "instanceId"), err)
	// Output:
	// w1 bound r4.media.example.com.
	// w2 bound r4-w2.media.example.com.
	// w1 unbound instance is terminated
	// machines with an address: 1 <nil>
}

// What a program with its own backends compiles.
func TestNoCloud(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var ours int
	for path := range strings.Lines(string(out)) {
		if strings.Contains(path, "aws") {
			t.Errorf("the program imports %s", path)
		}
		if strings.HasPrefix(path, "github.com/eipbinder/eipbinder/") {
			ours++
		}
	}
	if ours == 0 {
		t.Errorf("go list -deps does not even show eipbinder:\n%s", out)
	}
}
