package parts_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/internal/parts"
)

func TestPartsRunUntilTheTestEnds(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{"moto": parts.Moto, "dynoxide": parts.Dynoxide} {
		t.Run(name, func(t *testing.T) {
			var endpoint string
			t.Run("while the test runs", func(t *testing.T) {
				endpoint = start(t)
				response, err := http.Get(endpoint)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
			})
			if !strings.HasPrefix(endpoint, "http://127.0.0.1:") {
				t.Skip("the program is missing")
			}
			if response, err := http.Get(endpoint); err == nil {
				response.Body.Close()
				t.Error("the program still answers after its test has ended")
			}
		})
	}
}

func TestMissingProgramsFailWhereTheyAreRequired(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("DYNOXIDE", "")
	t.Chdir(t.TempDir())
	for name, start := range map[string]func(testing.TB) string{"pip install": parts.Moto, "npm install": parts.Dynoxide} {
		for _, required := range []string{"", "1"} {
			t.Setenv("EIPBINDER_REQUIRE_PARTS", required)
			tb := &recorder{TB: t}
			done := make(chan struct{})
			go func() { defer close(done); start(tb) }()
			<-done
			if tb.fatal != (required != "") || tb.skipped == tb.fatal {
				t.Errorf("required %q: fatal %t, skipped %t", required, tb.fatal, tb.skipped)
			}
			if !strings.Contains(tb.said, name) {
				t.Errorf("message %q does not say %q", tb.said, name)
			}
		}
	}
}
