package parts

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A program that takes a second to notice that its port is taken must not pass
// somebody else's server off as its own.
func TestSomebodyElsesAnswerIsNotTakenForThePrograms(t *testing.T) {
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	host, port, found := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	if !found {
		t.Fatalf("no port in %s", server.URL)
	}
	program := filepath.Join(t.TempDir(), "program")
	const script = "#!/bin/sh\nsleep 1\necho Address already in use\nexit 1\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	endpoint, err := start(t, host, port, program)
	if err == nil {
		t.Fatalf("%s counts as the program's", endpoint)
	}
	if !strings.Contains(err.Error(), "already in use") {
		t.Errorf("the error does not show what the program said: %v", err)
	}
}
