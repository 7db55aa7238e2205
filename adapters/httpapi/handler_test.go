package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/adapters/httpapi"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/store"
)

// failingRecords is a store that does not answer, or that panics.
type failingRecords struct{ err error }

func (f failingRecords) fail() error {
	if f.err == nil {
		panic("secret: out of range")
	}
	return f.err
}

func (f failingRecords) Get(context.Context, ...store.Key) ([]store.Record, error) {
	return nil, f.fail()
}

func (f failingRecords) List(context.Context, store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) { yield(store.Record{}, f.fail()) }
}

// scripted answers the operators' verbs with one outcome.
type scripted struct{ outcome binder.Outcome }

func (s scripted) Drain(context.Context, string, ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	return s.outcome, s.outcome.Err
}

func (s scripted) Undrain(ctx context.Context, id string, _ ...func(*binder.DrainOptions)) (binder.Outcome, error) {
	return s.Drain(ctx, id)
}

func outcome(o binder.Outcome) func(*world) {
	return func(w *world) { w.orders = scripted{o} }
}

func records(err error) func(*world) {
	return func(w *world) { w.records = failingRecords{err} }
}

func queueError(err error) func(*world) { return func(w *world) { w.queue.err = err } }

var (
	body      = `{"instanceId":"` + worker + `"}`
	long      = `{"instanceId":"` + strings.Repeat("x", 20_000) + `"}`
	text      = "Content-Type: text/plain"
	terminal  = &binder.Error{Step: "observe", Terminal: true, Err: errors.New("secret: denied")}
	retryable = &binder.Error{Step: "observe", Err: errors.New("secret: throttled")}
)

// answers has a row for each response of the document.
var answers = []struct {
	method, target, as, body string
	field                    string
	change                   func(*world)
	status                   int
}{
	{"POST", "/v1/bind", asWorker, "", "", nil, 202},
	{"POST", "/v1/bind", asWorker, body, "", nil, 202},
	{"POST", "/v1/bind", asWorker, body, "Content-Type: application/json; charset=UTF-8", nil, 202},
	{"POST", "/v1/bind", asWorker, `{}`, "", nil, 400},
	{"POST", "/v1/bind", "", body, "", nil, 401},
	{"POST", "/v1/bind", "forged", body, "", nil, 401},
	{"POST", "/v1/bind", "stranger", body, "", nil, 403},
	{"POST", "/v1/bind", operator, body, "", nil, 403},
	{"POST", "/v1/bind", operator, "", "", nil, 403},
	{"POST", "/v1/bind", "instance " + other, body, "", nil, 403},
	{"POST", "/v1/bind", asWorker, long, "", nil, 413},
	{"POST", "/v1/bind", asWorker, body, text, nil, 415},
	{"POST", "/v1/bind", "crash", "", "", nil, 500},
	{"POST", "/v1/bind", "broken", "", "", nil, 503},
	{"POST", "/v1/bind", asWorker, "", "", queueError(httpapi.ErrQueueFull), 503},
	{"POST", "/v1/bind", asWorker, "", "", queueError(httpapi.ErrQueueClosed), 503},
	{"POST", "/v1/bind", asWorker, "", "", queueError(errors.New("secret: SQS does not answer")), 503},

	{"GET", "/v1/bindings", operator, "", "", nil, 200},
	{"HEAD", "/v1/bindings", operator, "", "", nil, 200},
	{"GET", "/v1/bindings?limit=0", operator, "", "", nil, 400},
	{"GET", "/v1/bindings", "", "", "", nil, 401},
	{"GET", "/v1/bindings", asWorker, "", "", nil, 403},
	{"GET", "/v1/bindings", operator, "", "", records(nil), 500},
	{"GET", "/v1/bindings", operator, "", "", records(errors.New("secret: throttled")), 503},

	{"GET", "/v1/bindings/" + worker, asWorker, "", "", nil, 200},
	{"GET", "/v1/bindings/" + worker, operator, "", "", nil, 200},
	{"GET", "/v1/bindings/worker-1", operator, "", "", nil, 400},
	{"GET", "/v1/bindings/" + worker, "", "", "", nil, 401},
	{"GET", "/v1/bindings/" + worker, "instance " + other, "", "", nil, 403},
	{"GET", "/v1/bindings/" + other, operator, "", "", nil, 404},
	{"GET", "/v1/bindings/" + worker, operator, "", "", records(nil), 500},
	{"GET", "/v1/bindings/" + worker, operator, "", "", records(context.DeadlineExceeded), 503},

	{"GET", "/healthz", "", "", "", nil, 200},
	{"GET", "/readyz", "", "", "", nil, 200},
	{"GET", "/readyz", "", "", "", func(w *world) { w.check = errors.New("secret: no such table") }, 503},
	{"GET", "/v1/openapi.json", "", "", "", nil, 200},

	{"GET", "/", operator, "", "", nil, 404},
	{"GET", "/v1//bindings", operator, "", "", nil, 404},
	{"GET", "/v1/bindings/", operator, "", "", nil, 404},
	{"GET", "/v1/bindings/" + worker + "/drain", operator, "", "", nil, 404},
	{"GET", "/v1/bind", asWorker, "", "", nil, 405},
	{"DELETE", "/v1/bindings/" + worker, operator, "", "", nil, 405},
	{"BREW", "/healthz", "", "", "", nil, 405},
}

// orders has the rows of both of the operators' verbs.
var orders = []struct {
	as, body, field string
	change          func(*world)
	status          int
}{
	{operator, body, "", nil, 200},
	{operator, "", "", nil, 400},
	{operator, `{"instanceId":"i-1"}`, "", nil, 400},
	{"", body, "", nil, 401},
	{asWorker, body, "", nil, 403}, // not even itself
	{operator, `{"instanceId":"` + other + `"}`, "", nil, 404},
	{operator, long, "", nil, 413},
	{operator, body, text, nil, 415},
	{operator, body, "", outcome(binder.Outcome{Status: binder.Failed, Err: terminal}), 500},
	{operator, body, "", outcome(binder.Outcome{Status: binder.Failed, Err: retryable}), 503},
	{operator, body, "", outcome(binder.Outcome{Status: binder.Busy, RetryAfter: 1500 * time.Millisecond, Reason: "busy"}), 503},
}

func TestEveryAnswerIsInTheDocument(t *testing.T) {
	rows := answers
	for _, verb := range []string{"/v1/drain", "/v1/undrain"} {
		for _, o := range orders {
			rows = append(rows, struct {
				method, target, as, body string
				field                    string
				change                   func(*world)
				status                   int
			}{"POST", verb, o.as, o.body, o.field, o.change, o.status})
		}
	}
	seen := map[string]bool{}
	for _, row := range rows {
		t.Run(fmt.Sprintf("%s %s as %.9s gives %d", row.method, row.target, row.as, row.status), func(t *testing.T) {
			change := row.change
			if change == nil {
				change = func(*world) {}
			}
			w := newWorld(t, change)
			w.bound(worker)
			w.document.seen = seen
			var fields []string
			if row.field != "" {
				fields = append(fields, row.field)
			}
			got := w.ask(w.request(row.method, row.target, row.as, row.body, fields...))
			if got.Code != row.status {
				t.Errorf("status %d, want %d: %s", got.Code, row.status, got.Body)
			}
			if strings.Contains(got.Body.String(), "secret") {
				t.Errorf("the answer tells too much: %s", got.Body)
			}
			if got.Code >= 400 {
				w.problem(got)
			}
			if queued := len(w.queue.ids) > 0; queued != (got.Code == http.StatusAccepted) {
				t.Errorf("status %d, but in the queue: %v", got.Code, w.queue.ids)
			}
		})
	}
	for _, response := range newDocument(t).documented() {
		if !seen[response] {
			t.Errorf("no answer shows that the document is right about %s", response)
		}
	}
}

func TestAnInstanceIsQueuedAndSeesItsBinding(t *testing.T) {
	w := newWorld(t)
	got := w.ask(w.request("POST", "/v1/bind", asWorker, ""))
	if !slices.Equal(w.queue.ids, []string{worker}) {
		t.Fatalf("queue: %v", w.queue.ids)
	}
	location := got.Header().Get("Location")
	if got := w.ask(w.request("GET", location, asWorker, "")); got.Code != http.StatusNotFound {
		t.Errorf("before it is bound: %d", got.Code)
	}
	w.bound(worker)
	var b httpapi.Binding
	if err := json.Unmarshal(w.ask(w.request("GET", location, asWorker, "")).Body.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if b.InstanceID != worker || b.Name != "ip-"+strings.ReplaceAll(b.IP.String(), ".", "-")+".media.example.com." || !b.Visible || b.BoundAt.IsZero() {
		t.Errorf("binding: %+v", b)
	}
}

func TestDrainAndUndrain(t *testing.T) {
	w := newWorld(t)
	w.bound(worker)
	for _, step := range []struct {
		verb     string
		draining bool
	}{{"/v1/drain", true}, {"/v1/drain", true}, {"/v1/undrain", false}, {"/v1/undrain", false}} {
		if got := w.ask(w.request("POST", step.verb, operator, body)); got.Code != http.StatusOK {
			t.Fatalf("%s: %s", step.verb, got.Body)
		}
		records, err := w.store.Get(t.Context(), store.ByInstance(worker))
		if err != nil || records[0].Draining != step.draining {
			t.Errorf("after %s: %+v, %v", step.verb, records, err)
		}
	}
}

func TestListHasPages(t *testing.T) {
	w := newWorld(t)
	w.bound(worker, other)
	var allocations []string
	target := "/v1/bindings?limit=1"
	for range 3 {
		var page httpapi.Bindings
		if err := json.Unmarshal(w.ask(w.request("GET", target, operator, "")).Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Bindings {
			allocations = append(allocations, b.AllocationID)
		}
		if page.Next == "" {
			break
		}
		target = "/v1/bindings?limit=1&after=" + page.Next
	}
	if !slices.Equal(allocations, []string{"eipalloc-1", "eipalloc-2"}) {
		t.Errorf("pages: %v", allocations)
	}
	for _, query := range []string{"limit=1001", "limit=x", "limit=1&limit=2", "after=%0a", "after=", "phase=bound", "limit=%zz", "a;b"} {
		if got := w.ask(w.request("GET", "/v1/bindings?"+query, operator, "")); got.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, got.Code)
		}
	}
}

func TestAllowNamesTheMethods(t *testing.T) {
	w := newWorld(t)
	for path, allow := range map[string]string{"/v1/bind": "POST", "/v1/bindings": "GET, HEAD", "/healthz": "GET, HEAD"} {
		if got := w.ask(w.request("PUT", path, operator, "")).Header().Get("Allow"); got != allow {
			t.Errorf("%s: Allow is %q, want %q", path, got, allow)
		}
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	w := newWorld(t, outcome(binder.Outcome{Status: binder.NotReady, RetryAfter: 1500 * time.Millisecond, Reason: "paused"}))
	got := w.ask(w.request("POST", "/v1/drain", operator, body))
	if after := got.Header().Get("Retry-After"); after != "2" || w.problem(got) != "paused" {
		t.Errorf("Retry-After %q: %s", after, got.Body)
	}
}

func TestAuthenticatorsThatAreWrongLetNobodyIn(t *testing.T) {
	for _, as := range []string{"both " + worker, "nobody", "instance i-1", "instance " + worker + "\n"} {
		w := newWorld(t)
		for _, r := range []*http.Request{
			w.request("GET", "/v1/bindings", as, ""), w.request("GET", "/v1/bindings/"+worker, as, ""),
			w.request("POST", "/v1/bind", as, ""), w.request("POST", "/v1/drain", as, body),
		} {
			if got := w.ask(r); got.Code != http.StatusForbidden {
				t.Errorf("%s %s as %q: %d", r.Method, r.URL, as, got.Code)
			}
		}
		if len(w.queue.ids) > 0 {
			t.Errorf("%q is in the queue: %v", as, w.queue.ids)
		}
	}
}

func TestARequestTakesNoLongerThanTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		hang := httpapi.AuthenticatorFunc(func(r *http.Request) (httpapi.Principal, error) {
			<-r.Context().Done()
			return httpapi.Principal{}, r.Context().Err()
		})
		h, err := httpapi.New(httpapi.Backends{Binder: w.binder, Queue: &w.queue, Records: w.store, Authenticator: hang})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, w.request("POST", "/v1/bind", asWorker, ""))
		if took := time.Since(start); took != 20*time.Second || recorder.Code != 503 || recorder.Header().Get("Retry-After") == "" {
			t.Errorf("took %s: %d %v", took, recorder.Code, recorder.Header())
		}
	})
}

func TestNewChecks(t *testing.T) {
	w := newWorld(t)
	whole := httpapi.Backends{Binder: w.binder, Queue: &w.queue, Records: w.store, Authenticator: httpapi.AuthenticatorFunc(who)}
	for name, c := range map[string]struct {
		change func(*httpapi.Backends)
		option func(*httpapi.Options)
	}{
		"Binder":        {change: func(b *httpapi.Backends) { b.Binder = nil }},
		"Queue":         {change: func(b *httpapi.Backends) { b.Queue = nil }},
		"Records":       {change: func(b *httpapi.Backends) { b.Records = nil }},
		"Authenticator": {change: func(b *httpapi.Backends) { b.Authenticator = nil }},
		"CheckAge":      {option: func(o *httpapi.Options) { o.CheckAge = -1 }},
		"BodyLimit":     {option: func(o *httpapi.Options) { o.BodyLimit = -1 }},
		"Timeout":       {option: func(o *httpapi.Options) { o.Timeout = -1 }},
	} {
		b, option := whole, func(*httpapi.Options) {}
		if c.change != nil {
			c.change(&b)
		}
		if c.option != nil {
			option = c.option
		}
		if _, err := httpapi.New(b, option); !errors.Is(err, binder.ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := httpapi.New(whole, func(o *httpapi.Options) { *o = httpapi.Options{} }); err != nil {
		t.Errorf("zero options: %v", err)
	}
}
