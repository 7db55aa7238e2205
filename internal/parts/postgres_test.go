package parts_test

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/internal/parts"
)

func TestPostgreSQLRunsUntilTheTestEnds(t *testing.T) {
	var address string
	t.Run("while the test runs", func(t *testing.T) {
		server, err := url.Parse(parts.PostgreSQL(t))
		if err != nil {
			t.Fatal(err)
		}
		address = server.Host
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		connection.Close()
	})
	if address == "" {
		t.Skip("the program is missing")
	}
	if connection, err := net.Dial("tcp", address); err == nil {
		connection.Close()
		t.Error("the server still answers after its test has ended")
	}
}

func TestMissingPostgreSQLFailsWhereItIsRequired(t *testing.T) {
	t.Setenv("POSTGRES", "/nonexistent/postgres")
	for _, required := range []string{"", "1"} {
		t.Setenv("EIPBINDER_REQUIRE_PARTS", required)
		tb := &recorder{TB: t}
		done := make(chan struct{})
		go func() { defer close(done); parts.PostgreSQL(tb) }()
		<-done
		if tb.fatal != (required != "") || tb.skipped == tb.fatal {
			t.Errorf("required %q: fatal %t, skipped %t", required, tb.fatal, tb.skipped)
		}
		if !strings.Contains(tb.said, "apt-get install postgresql") {
			t.Errorf("message %q does not say how to get it", tb.said)
		}
	}
}
