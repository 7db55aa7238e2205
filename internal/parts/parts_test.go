package parts_test

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/internal/parts"
)

func TestPartsRunUntilTheTestEnds(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{"moto": parts.Moto, "dynoxide": parts.Dynoxide} {
		t.Run(name, func(t *testing.T) {
			var connection net.Conn // to this server, whoever gets its port afterwards
			t.Run("while the test runs", func(t *testing.T) {
				endpoint, err := url.Parse(start(t))
				if err != nil {
					t.Fatal(err)
				}
				if endpoint.Hostname() != "127.0.0.1" {
					t.Errorf("the program listens on %s", endpoint.Host)
				}
				if connection, err = net.Dial("tcp", endpoint.Host); err != nil {
					t.Fatal(err)
				}
			})
			if connection == nil {
				t.Skip("the program is missing")
			}
			defer connection.Close()
			if err := connection.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if n, err := connection.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection outlives the test: read %d bytes, %v", n, err)
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
