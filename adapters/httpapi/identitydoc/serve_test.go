package identitydoc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/adapters/httpapi/identitydoc"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/binder/memfleet"
	"github.com/eipbinder/eipbinder/dnspolicy"
	"github.com/eipbinder/eipbinder/dnspolicy/memzone"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/eippool/mempool"
	"github.com/eipbinder/eipbinder/store"
	"github.com/eipbinder/eipbinder/store/memstore"
)

const (
	other = "i-0fedcba9876543210"
	token = "Bearer of-an-operator"
)

// server is what somebody runs without API Gateway: documents for instances and
// a token for operators, before a queue and a Binder, on a real listener. The Binder
// sees a worker that it can bind whatever the Authenticator is shown, so that
// whoever is let in leaves a record.
type server struct {
	*world
	url      string
	records  *memstore.Store
	http     *http.Server
	logs     bytes.Buffer // to be read once the server is down
	asked    int
	secrets  []string
	endQueue func() error
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{world: newWorld(t, func(o *identitydoc.Options) { o.Gather = 1 }), records: memstore.New()}
	b := newBinder(t, s.records, binder.Instance{ID: worker, State: binder.Running, LaunchedAt: s.pending})
	queue, err := httpapi.NewLocalQueue(b, func(o *httpapi.LocalQueueOptions) { o.Gather = time.Hour }) // at its end, that is
	if err != nil {
		t.Fatal(err)
	}
	handler, err := httpapi.New(httpapi.Backends{
		Binder: b, Queue: queue, Records: s.records, Authenticator: httpapi.FirstOf(s.who, httpapi.AuthenticatorFunc(operators)),
	}, func(o *httpapi.Options) { o.Logger = slog.New(slog.NewJSONHandler(&s.logs, nil)) })
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url, s.http = "http://"+listener.Addr().String(), httpapi.Server("", handler)
	ctx, cancel := context.WithCancel(t.Context())
	ran, served := make(chan error, 1), make(chan error, 1)
	go func() { ran <- queue.Run(ctx) }()
	go func() { served <- s.http.Serve(listener) }()
	s.endQueue = sync.OnceValue(func() error { cancel(); return <-ran })
	t.Cleanup(func() { s.end(served) })
	return s
}

func newBinder(t *testing.T, records store.Store, instance binder.Instance) *binder.Binder {
	t.Helper()
	pool := mempool.New()
	pool.Add(eippool.Address{AllocationID: "eipalloc-0a", IP: netip.MustParseAddr("203.0.113.7")})
	fleet := memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	fleet.Launch(instance)
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	b, err := binder.New(binder.Backends{
		Fleet: fleet, Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: records,
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// operators takes the one token.
func operators(r *http.Request) (httpapi.Principal, error) {
	switch credentials := r.Header.Get("Authorization"); {
	case !strings.HasPrefix(credentials, "Bearer "):
		return httpapi.Principal{}, httpapi.ErrNoCredentials
	case credentials != token:
		return httpapi.Principal{}, httpapi.ErrUnauthenticated
	}
	return httpapi.Principal{Operator: true, Name: "operator"}, nil
}

// end stops all, and looks at the log: one line for each request, in which nobody's
// credentials are.
func (s *server) end(served <-chan error) {
	http.DefaultClient.CloseIdleConnections()
	if err := errors.Join(s.http.Shutdown(context.Background()), s.endQueue()); err != nil {
		s.t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		s.t.Error(err)
	}
	lines := 0
	for line := range strings.Lines(s.logs.String()) {
		var fields struct{ Msg, Request string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields.Msg != "request" || fields.Request == "" {
			s.t.Errorf("%v: %s", err, line)
		}
		lines++
	}
	if lines != s.asked {
		s.t.Errorf("%d lines for %d requests:\n%s", lines, s.asked, &s.logs)
	}
	for _, secret := range s.secrets {
		if strings.Contains(s.logs.String(), secret) {
			s.t.Errorf("credentials are in the log:\n%s", &s.logs)
		}
	}
}

// ask makes a request, and checks what holds of every answer.
func (s *server) ask(method, path string, credentials []string, body string) (status int, header http.Header, text string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header["Authorization"] = credentials
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range credentials {
		if _, secret, _ := strings.Cut(c, " "); len(secret) > 8 {
			s.secrets = append(s.secrets, secret)
		}
	}
	s.asked++
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var problem struct{ Status int }
	if answer.StatusCode >= 400 && (json.Unmarshal(content, &problem) != nil || problem.Status != answer.StatusCode) {
		s.t.Errorf("%s %s: %d without a problem document: %s", method, path, answer.StatusCode, content)
	}
	if challenge := answer.Header.Get("WWW-Authenticate"); (challenge == "InstanceIdentity") != (answer.StatusCode == http.StatusUnauthorized) {
		s.t.Errorf("%s %s: %d with the challenge %q", method, path, answer.StatusCode, challenge)
	}
	return answer.StatusCode, answer.Header, string(content)
}

// bindings are what is in the store.
func (s *server) bindings() (list []store.Record) {
	s.t.Helper()
	for r, err := range s.records.List(s.t.Context(), store.Filter{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		if r.InstanceID != "" {
			list = append(list, r)
		}
	}
	return list
}

// Every attack is answered by its status, whatever it asks for, and nothing comes
// of it.
func TestAttacksOverHTTP(t *testing.T) {
	statuses := map[error]int{
		httpapi.ErrNoCredentials:   http.StatusUnauthorized,
		httpapi.ErrUnauthenticated: http.StatusUnauthorized,
		httpapi.ErrForbidden:       http.StatusForbidden,
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			s := newServer(t)
			credentials := a.make(t, s.world).Header["Authorization"]
			for _, what := range []struct{ method, path, body string }{
				{"POST", "/v1/bind", ""},
				{"POST", "/v1/bind", `{"instanceId":"` + worker + `"}`},
				{"GET", "/v1/bindings/" + worker, ""},
				{"GET", "/v1/bindings", ""},
				{"POST", "/v1/drain", `{"instanceId":"` + worker + `"}`},
				{"POST", "/v1/undrain", `{"instanceId":"` + worker + `"}`},
			} {
				if status, _, text := s.ask(what.method, what.path, credentials, what.body); status != statuses[a.want] {
					t.Errorf("%s %s %s: %d %s, want %d", what.method, what.path, what.body, status, text, statuses[a.want])
				}
			}
			if err := s.endQueue(); err != nil {
				t.Error(err)
			}
			if list := s.bindings(); len(list) > 0 {
				t.Errorf("it is bound: %+v", list)
			}
		})
	}
}

// An instance that is known may ask for itself, and for nothing else; what a
// document does not open, its owner's request does not either.
func TestAnInstanceIsBoundByItsDocument(t *testing.T) {
	s := newServer(t)
	own := requestWith(indefinite(t, s.genuine.sign(t, documentOf(s.pending, nil), form{attributes: true}))).Header["Authorization"]
	itself, another := `{"instanceId":"`+worker+`"}`, `{"instanceId":"`+other+`"}`
	for _, row := range []struct {
		method, path string
		credentials  []string
		body         string
		status       int
	}{
		{"GET", "/v1/bindings/" + worker, own, "", 404}, // not yet
		{"POST", "/v1/bind", own, another, 403},
		{"GET", "/v1/bindings/" + other, own, "", 403},
		{"GET", "/v1/bindings", own, "", 403},
		{"POST", "/v1/drain", own, itself, 403}, // not even itself
		{"POST", "/v1/undrain", own, itself, 403},
		{"POST", "/v1/bind", own, `{"instanceId":"` + strings.Repeat("x", 20_000) + `"}`, 413},
		{"POST", "/v1/bind", own, strings.Repeat("[", 16_000), 400},
		{"POST", "/v1/bind", own, `{"instanceId":"` + worker + `\r\nX-Evil: 1"}`, 400},
		{"POST", "/v1/bind", append(own, token), "", 401},
		{"GET", "/v1/bindings", []string{"Bearer of-nobody"}, "", 401},
		{"GET", "/v1/bindings", []string{token}, "", 200},
		{"POST", "/v1/bind", []string{token}, "", 403},
		{"POST", "/v1/drain", []string{token}, itself, 404}, // nothing of all that was queued
		{"POST", "/v1/bind", own, "", 202},
		{"POST", "/v1/bind", own, itself, 202}, // again
		{"GET", "/v1/bindings/" + worker, own, "", 404},
	} {
		if status, _, text := s.ask(row.method, row.path, row.credentials, row.body); status != row.status {
			t.Errorf("%s %s %.40s: %d %s, want %d", row.method, row.path, row.body, status, text, row.status)
		}
	}
	if err := s.endQueue(); err != nil { // what was accepted is done
		t.Error(err)
	}
	var binding httpapi.Binding
	status, _, text := s.ask("GET", "/v1/bindings/"+worker, own, "")
	if err := json.Unmarshal([]byte(text), &binding); err != nil || status != http.StatusOK ||
		binding.InstanceID != worker || binding.Name != "ip-203-0-113-7.media.example.com." || !binding.Visible {
		t.Errorf("%d %s", status, text)
	}
	if status, header, _ := s.ask("POST", "/v1/bind", own, ""); status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("while the server goes down: %d %v", status, header)
	}
	if status, _, text := s.ask("POST", "/v1/drain", []string{token}, itself); status != http.StatusOK {
		t.Errorf("an operator's drain: %d %s", status, text)
	}
	if list := s.bindings(); len(list) != 1 || list[0].InstanceID != worker || !list[0].Draining {
		t.Errorf("records: %+v", list)
	}
	s.fleet.set(func(i *binder.Instance) { i.State = binder.Terminated })
	if status, _, _ := s.ask("GET", "/v1/bindings/"+worker, own, ""); status != http.StatusUnauthorized {
		t.Errorf("after its end: %d", status)
	}
}

// What EC2 does not say yet is to be asked for again.
func TestAnInstanceThatEC2DoesNotShowComesBack(t *testing.T) {
	for name, change := range map[string]func(*fleet){
		"not shown yet": func(f *fleet) { f.instance.ID = other },
		"an error":      func(f *fleet) { f.err = errors.New("secret: throttled") },
	} {
		s := newServer(t)
		change(s.fleet)
		own := requestWith(s.genuine.sign(t, documentOf(s.pending, nil), form{attributes: true})).Header["Authorization"]
		status, header, text := s.ask("POST", "/v1/bind", own, "")
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || strings.Contains(text, "secret") {
			t.Errorf("%s: %d %v %s", name, status, header, text)
		}
		if err := s.endQueue(); err != nil || len(s.bindings()) > 0 {
			t.Errorf("%s: %v, and bound: %+v", name, err, s.bindings())
		}
	}
}
