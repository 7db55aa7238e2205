package telemetry_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmeHasAllClients: README.md says the same for programs of one's own.
func TestReadmeHasAllClients(t *testing.T) {
	var clients [2][]string
	for i, file := range []string{"telemetry.go", "../../../README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range regexp.MustCompile(`(?m)^\tcase \*([a-z0-9]+)\.Options:$`).FindAllSubmatch(text, -1) {
			clients[i] = append(clients[i], string(client[1]))
		}
	}
	if diff := cmp.Diff(clients[0], clients[1]); diff != "" || len(clients[0]) == 0 {
		t.Errorf("clients that get meters and tracers (-telemetry.go +README.md):\n%s", diff)
	}
}
