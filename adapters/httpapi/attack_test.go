package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
)

// An instance that asks for another one gets nothing, and learns nothing: neither
// from the status nor from the text whether the other one has a binding.
func TestAnInstanceCannotAskForAnother(t *testing.T) {
	w := newWorld(t)
	w.bound(other)
	unbound := "i-00000000"
	var details []string
	for _, id := range []string{other, unbound} {
		for _, r := range []*http.Request{
			w.request("POST", "/v1/bind", asWorker, `{"instanceId":"`+id+`"}`),
			w.request("GET", "/v1/bindings/"+id, asWorker, ""),
			w.request("POST", "/v1/drain", asWorker, `{"instanceId":"`+id+`"}`),
			w.request("POST", "/v1/undrain", asWorker, `{"instanceId":"`+id+`"}`),
		} {
			got := w.ask(r)
			if got.Code != http.StatusForbidden {
				t.Errorf("%s %s for %s: %d", r.Method, r.URL, id, got.Code)
			}
			details = append(details, w.problem(got))
		}
	}
	for _, detail := range details {
		if detail != details[0] {
			t.Errorf("details differ: %q and %q", detail, details[0])
		}
	}
	if len(w.queue.ids) > 0 {
		t.Errorf("queue: %v", w.queue.ids)
	}
}

func TestBodiesAreStrict(t *testing.T) {
	id := `"instanceId":"` + worker + `"`
	for _, bad := range []string{
		`null`, `true`, `"` + worker + `"`, `[]`, `[{` + id + `}]`, `{`, `{}`, `{"instanceId"}`, `{` + id, `{` + id + `}}`,
		`{` + id + `}{` + id + `}`, `{` + id + `} x`, `{` + id + `,"force":true}`, `{` + id + `,` + id + `}`, `{"force":true,` + id + `}`,
		`{"INSTANCEID":"` + worker + `"}`, `{"instanceId":null}`, `{"instanceId":7}`, `{"instanceId":["` + worker + `"]}`,
		`{"instanceId":"` + worker + `\r\n"}`, `{"instanceId":"` + worker + `\u0000"}`, `{"instanceId":" ` + worker + `"}`,
		`{"instanceId":"I-0123456789ABCDEF0"}`, `{"instanceId":"i-0123456789abcdef"}`, "{\"instanceId\":\"i-\xff\"}", "\xef\xbb\xbf{" + id + "}", "   ",
		`{` + id + `,}`, `{'instanceId':'` + worker + `'}`,
		strings.Repeat("[", 16_000), strings.Repeat(`{"instanceId":`, 1_000), strings.Repeat(`{"a":`, 1_000) + "1" + strings.Repeat("}", 1_000),
		`{"instanceId":` + strings.Repeat("[", 8_000) + strings.Repeat("]", 8_000) + `}`,
	} {
		w := newWorld(t)
		w.bound(worker)
		for _, r := range []*http.Request{
			w.request("POST", "/v1/bind", asWorker, bad),
			w.request("POST", "/v1/drain", operator, bad),
		} {
			if got := w.ask(r); got.Code != http.StatusBadRequest {
				t.Errorf("%s %.60q: %d %s", r.URL, bad, got.Code, got.Body)
			}
		}
		if len(w.queue.ids) > 0 {
			t.Errorf("%.60q: queued", bad)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{body, `{}`, `[[[`, `{"instanceId":"i-01234567"}`, "{\"instanceId\":\"\xff\"}"} {
		f.Add(seed)
	}
	w := newWorld(f) // one for all: nothing that this sends changes it
	f.Fuzz(func(t *testing.T, text string) {
		w.t = t
		got := w.ask(w.request("POST", "/v1/drain", operator, text))
		var strict map[string]string
		if got.Code == http.StatusNotFound { // taken: it is one instance without a binding
			if err := json.Unmarshal([]byte(text), &strict); err != nil || len(strict) != 1 || !httpapi.ValidInstanceID(strict["instanceId"]) {
				t.Errorf("%q was taken", text)
			}
		}
		if got.Code >= 500 || got.Code < 400 {
			t.Errorf("%q: %d", text, got.Code)
		}
	})
}

func TestOversizedBodiesAreNotRead(t *testing.T) {
	w := newWorld(t)
	endless := &counter{}
	r := w.request("POST", "/v1/bind", asWorker, "")
	r.Body, r.ContentLength = io.NopCloser(endless), -1
	r.Header.Set("Content-Type", "application/json")
	if got := w.ask(r); got.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", got.Code)
	}
	if endless.read > 64<<10 {
		t.Errorf("read %d bytes", endless.read)
	}
}

// counter is a long body, of 10 MB.
type counter struct{ read int }

func (c *counter) Read(p []byte) (int, error) {
	if c.read > 10<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = ' '
	}
	c.read += len(p)
	return len(p), nil
}

// Nothing is read of who is not known.
func TestStrangersBodiesAreNotRead(t *testing.T) {
	for _, as := range []string{"", "forged", "stranger"} {
		w := newWorld(t)
		endless := &counter{}
		r := w.request("POST", "/v1/drain", as, "")
		r.Body = io.NopCloser(endless)
		w.ask(r)
		if endless.read > 0 {
			t.Errorf("%q: read %d bytes", as, endless.read)
		}
	}
}

func TestContentTypes(t *testing.T) {
	for _, field := range []string{
		"Content-Type: ", "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json; charset=latin1",
		"Content-Type: application/json; profile=x", "Content-Type: application/jsonx", "Content-Type: application/json, text/plain",
		"Content-Encoding: gzip",
	} {
		w := newWorld(t)
		if got := w.ask(w.request("POST", "/v1/bind", asWorker, body, field)); got.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d", field, got.Code)
		}
	}
}

func TestRequestIDsAreTakenIfHarmless(t *testing.T) {
	w := newWorld(t)
	for id, taken := range map[string]bool{
		"a": true, "Root-1_67891233.abcdef": true, strings.Repeat("x", 64): true, "": false, strings.Repeat("x", 65): false,
		"a b": false, "a\r\nSet-Cookie: a=b": false, "a\nb": false, `a"b`: false, "ä": false, "a\x00": false, "../a": false, "${jndi:ldap://x}": false,
	} {
		got := w.ask(w.request("GET", "/healthz", "", "", "X-Request-Id: "+id)).Header().Get("X-Request-Id")
		if (got == id) != taken || got == "" {
			t.Errorf("%q gives %q", id, got)
		}
	}
}

// What a caller can write anywhere must not become a second line, or a field of
// its own, in the log, nor a header of the answer. ask checks for the one line.
func TestNothingIsInjected(t *testing.T) {
	evil := "x\r\nX-Evil: 1\r\n\r\n{\"level\":\"ERROR\",\"evil\":true}\u2028\x1b[31m"
	for _, make := range []func(*world) *http.Request{
		func(w *world) *http.Request { return w.request("GET", "/healthz", "", "", "X-Request-Id: "+evil) },
		func(w *world) *http.Request { return w.request("GET", "/v1/bindings/x", "instance "+evil, "") },
		func(w *world) *http.Request {
			return w.request("POST", "/v1/drain", operator, `{"instanceId":"`+strings.NewReplacer("\r", `\r`, "\n", `\n`, `"`, `\"`, "\x1b", `\u001b`).Replace(evil)+`"}`)
		},
		func(w *world) *http.Request {
			return w.request("GET", "/v1/bindings/i-%0d%0aX-Evil:%201%0d%0a%0d%0a", operator, "")
		},
		func(w *world) *http.Request {
			return w.request("GET", "/%0d%0aX-Evil:%201%0d%0a%7b%22evil%22:true%7d", operator, "")
		},
		func(w *world) *http.Request {
			return w.request("GET", "/v1/bindings?after=%0d%0aX-Evil:%201", operator, "")
		},
		func(w *world) *http.Request {
			r := w.request("GET", "/healthz", "", "")
			r.Method = "X-EVIL:1"
			return r
		},
	} {
		w := newWorld(t)
		r := make(w)
		got := w.ask(r)
		for name, values := range got.Header() {
			if all := strings.Join(values, ""); strings.EqualFold(name, "X-Evil") || strings.ContainsAny(all, "\r\n") {
				t.Errorf("header %s: %q", name, all)
			}
		}
		var line map[string]any
		if err := json.Unmarshal(w.logs.Bytes(), &line); err != nil || line["evil"] != nil {
			t.Errorf("%v: %s", err, &w.logs)
		}
		if strings.Contains(w.logs.String(), "\x1b") || strings.Contains(got.Body.String(), "\x1b") {
			t.Errorf("an escape sequence: %s", &w.logs)
		}
	}
}

// Over a real connection, through Server's limits.
func TestServerRefusesLongHeadersAndBodies(t *testing.T) {
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httpapi.Server("", w.handler)
	ended := make(chan error)
	go func() { ended <- server.Serve(listener) }()
	for want, request := range map[int]string{
		202: "POST /v1/bind HTTP/1.1\r\nHost: x\r\nAuthorization: " + asWorker + "\r\nContent-Length: 0\r\n\r\n",
		400: "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\rX-Evil: 1\r\n\r\n",
		404: "GET /" + strings.Repeat("x", 5000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		413: fmt.Sprintf("POST /v1/bind HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 1000000\r\n\r\n%s", asWorker, strings.Repeat(" ", 20_000)),
		431: "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 21_000) + "\r\n\r\n",
	} {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(connection, request) // the server need not read it all
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Errorf("%d: %v", want, err)
		} else if answer.StatusCode != want || answer.Header.Get("X-Evil") != "" {
			t.Errorf("status %d %v, want %d", answer.StatusCode, answer.Header, want)
		}
		connection.Close()
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		t.Error(err)
	}
}
