package httpapi_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
)

// pipes is a listener whose connections are in memory, so that their deadlines
// are in a bubble's time.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.connections <- server
	return client
}

// Callers who are slow on purpose are cut off when Server says.
func TestServerCutsOffSlowCallers(t *testing.T) {
	const asking = "POST /v1/bind HTTP/1.1\r\nHost: x\r\nAuthorization: " + asWorker + "\r\nContent-Type: application/json\r\n"
	const health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, test := range map[string]struct {
		sends  string
		after  time.Duration // the connection's end, from its beginning
		answer int           // zero: none
	}{
		"no header":          {"", 5 * time.Second, 0},
		"half a header":      {asking, 5 * time.Second, 0},
		"half a body":        {asking + "Content-Length: 40\r\n\r\n{", 10 * time.Second, http.StatusBadRequest},
		"no further request": {health, time.Minute, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				listener, end := serve(t, w.handler)
				defer end()
				began := time.Now()
				connection := listener.dial()
				defer connection.Close()
				go io.WriteString(connection, test.sends) // it all fits, or the server ends it
				reader := bufio.NewReader(connection)
				got := 0
				if answer, err := http.ReadResponse(reader, nil); err == nil {
					got = answer.StatusCode
					if _, err := io.Copy(io.Discard, answer.Body); err != nil {
						t.Error(err)
					}
				}
				rest, _ := io.ReadAll(reader) // however it ends
				if took := time.Since(began); took.Round(time.Millisecond) != test.after || got != test.answer || len(rest) > 0 {
					t.Errorf("ended after %s with %d and %q, want %s and %d", took, got, rest, test.after, test.answer)
				}
				if len(w.queue.ids) > 0 {
					t.Errorf("queued: %q", w.queue.ids)
				}
			})
		})
	}
}

// Who does not read the answer is cut off, too.
func TestServerCutsOffWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener, end := serve(t, newWorld(t).handler)
		defer end()
		connection := listener.dial()
		defer connection.Close()
		if _, err := io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if _, err := io.ReadFull(connection, make([]byte, 1)); err != nil {
			t.Errorf("after 29 s: %v", err)
		}
		time.Sleep(2 * time.Second)
		if rest, _ := io.ReadAll(connection); len(rest) > 0 {
			t.Errorf("after 31 s there is still an answer: %.40q", rest)
		}
	})
}

// serve has Server serve the handler until the function that it returns is called.
func serve(t *testing.T, handler http.Handler) (*pipes, func()) {
	t.Helper()
	listener, server, ended := newPipes(), httpapi.Server("", handler), make(chan error)
	go func() { ended <- server.Serve(listener) }()
	return listener, func() {
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) || strings.Count(err.Error(), "\n") > 0 {
			t.Error(err)
		}
	}
}
