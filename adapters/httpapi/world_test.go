package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
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
	worker   = "i-0123456789abcdef0"
	other    = "i-0fedcba9876543210"
	asWorker = "instance " + worker
	operator = "operator"
)

// world is a handler on memory backends, with a queue that only remembers.
type world struct {
	t        testing.TB
	document *document
	handler  *httpapi.Handler
	binder   *binder.Binder
	fleet    *memfleet.Fleet
	store    store.Store
	records  httpapi.Records // nil: the store
	orders   httpapi.Binder  // nil: the binder
	queue    memoryQueue
	check    error
	logs     bytes.Buffer
}

type memoryQueue struct {
	mu  sync.Mutex
	ids []string
	err error
}

func (q *memoryQueue) Enqueue(_ context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.ids = append(q.ids, id)
	}
	return q.err
}

// who reads the principal from a header: "instance i-...", "operator" or what
// goes wrong. Only a test's Authenticator may.
func who(r *http.Request) (httpapi.Principal, error) {
	kind, id, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch kind {
	case "instance":
		return httpapi.Principal{InstanceID: id, Name: id}, nil
	case "operator":
		return httpapi.Principal{Operator: true, Name: "operator"}, nil
	case "both":
		return httpapi.Principal{Operator: true, InstanceID: id}, nil
	case "nobody":
		return httpapi.Principal{}, nil
	case "forged":
		return httpapi.Principal{}, fmt.Errorf("%w: forged", httpapi.ErrUnauthenticated)
	case "stranger":
		return httpapi.Principal{}, fmt.Errorf("%w: account", httpapi.ErrForbidden)
	case "broken":
		return httpapi.Principal{}, fmt.Errorf("secret: EC2 does not answer")
	case "crash":
		panic("secret: out of range")
	}
	return httpapi.Principal{}, httpapi.ErrNoCredentials
}

func newWorld(t testing.TB, changes ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, document: newDocument(t), store: memstore.New()}
	pool := mempool.New()
	pool.Add(eippool.Address{AllocationID: "eipalloc-1", IP: netip.MustParseAddr("203.0.113.1")})
	pool.Add(eippool.Address{AllocationID: "eipalloc-2", IP: netip.MustParseAddr("203.0.113.2")})
	w.fleet = memfleet.New(func(o *memfleet.Options) { o.Network = pool })
	zone, err := memzone.New("example.com.")
	if err != nil {
		t.Fatal(err)
	}
	w.binder, err = binder.New(binder.Backends{
		Fleet: w.fleet, Pool: pool, Policy: dnspolicy.PerAddress(dnspolicy.DashedIP()), Zone: zone, Store: w.store,
	}, func(o *binder.Options) { o.Suffix = "media.example.com" })
	if err != nil {
		t.Fatal(err)
	}
	w.records, w.orders = w.store, w.binder
	for _, change := range changes {
		change(w)
	}
	w.handler, err = httpapi.New(httpapi.Backends{
		Binder: w.orders, Queue: &w.queue, Records: w.records, Authenticator: httpapi.AuthenticatorFunc(who),
	}, func(o *httpapi.Options) {
		o.Logger = slog.New(slog.NewJSONHandler(&w.logs, nil))
		o.Check = func(context.Context) error { return w.check }
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// bound binds instances, so that there are bindings.
func (w *world) bound(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		w.fleet.Launch(binder.Instance{ID: id, State: binder.Running})
	}
	if _, err := w.binder.Reconcile(w.t.Context(), ids...); err != nil {
		w.t.Fatal(err)
	}
}

// request makes a request. The header fields are "Name: value".
func (w *world) request(method, target, as, body string, fields ...string) *http.Request {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, reader)
	if as != "" {
		r.Header.Set("Authorization", as)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// ask has the handler serve the request, and checks what holds of every answer.
func (w *world) ask(r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	w.logs.Reset()
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	if err := w.document.check(r, recorder.Code, recorder.Header(), recorder.Body.Bytes()); err != nil {
		w.t.Errorf("%s %s: %v\n%s", r.Method, r.URL, err, recorder.Body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := recorder.Header().Values(name); len(got) != 1 || got[0] != want {
			w.t.Errorf("%s %s: the header %s is %q", r.Method, r.URL, name, got)
		}
	}
	w.checkLog(recorder)
	return recorder
}

// checkLog: one line, with the request's ID and its status.
func (w *world) checkLog(recorder *httptest.ResponseRecorder) {
	w.t.Helper()
	var line struct {
		Request string
		Status  int
	}
	if strings.Count(w.logs.String(), "\n") != 1 {
		w.t.Errorf("the log has not one line:\n%s", &w.logs)
	}
	if err := json.Unmarshal(w.logs.Bytes(), &line); err != nil {
		w.t.Errorf("%v:\n%s", err, &w.logs)
	}
	if line.Request == "" || line.Request != recorder.Header().Get("X-Request-Id") || line.Status != recorder.Code {
		w.t.Errorf("the log has not the answer's request ID and status: %s", &w.logs)
	}
}

func (w *world) problem(recorder *httptest.ResponseRecorder) (detail string) {
	w.t.Helper()
	var p struct {
		Status            int
		Detail, RequestID string
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &p); err != nil {
		w.t.Fatal(err)
	}
	if p.Status != recorder.Code || p.RequestID != recorder.Header().Get("X-Request-Id") {
		w.t.Errorf("problem %+v does not agree with status %d and header %v", p, recorder.Code, recorder.Header())
	}
	return p.Detail
}
