package lambdaevent_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
)

var firstSeed = flag.Uint64("lambdaevent.first-seed", 1, "random payloads: the seed of the first one")

// FuzzHandle takes any payload, and a notification with any instance and state,
// as it is and in a batch: either nothing is done and there is one error, or what it
// asks for.
func FuzzHandle(f *testing.F) {
	for _, payload := range seeds(f) {
		f.Add(payload, worker, "running")
	}
	for _, instance := range []string{"i-01234567", "i-0123456g", "i-", "", "0123456789abcdef0", "i-0123456789ABCDEF0", "i-0123456789abcdef0\n", "I-01234567", "i-é1234567", "\xff"} {
		f.Add([]byte(`{"detail-type": "Scheduled Event"}`), instance, "stopped")
	}
	f.Fuzz(func(t *testing.T, payload []byte, instance, state string) {
		handle(t, payload)
		var want []string
		if isInstanceID(instance) {
			want = []string{"reconcile " + instance}
		}
		body := notification(t, instance, state)
		for _, calls := range [][]string{handle(t, body), handle(t, batchOf(t, sent{body: string(body)}))} {
			if !slices.Equal(calls, want) {
				t.Errorf("notification about %q: the binder was asked for %q", instance, calls)
			}
		}
	})
}

// TestRandomPayloads: 10,000 of them, random and mutated ones, harm nobody.
func TestRandomPayloads(t *testing.T) {
	all, done := seeds(t), 0
	for seed := *firstSeed; seed < *firstSeed+10_000; seed++ {
		m := mutator{rand.New(rand.NewPCG(seed, 0)), all}
		if len(handle(t, m.payload())) > 0 {
			done++
		}
		if t.Failed() {
			t.Fatalf("seed %d: -lambdaevent.first-seed=%d repeats it", seed, seed)
		}
	}
	t.Logf("seeds %d to %d: %d payloads made the binder do something", *firstSeed, *firstSeed+9999, done)
	if done == 0 || done > 9000 {
		t.Errorf("%d of 10,000 payloads made the binder do something", done)
	}
}

// seeds are payloads as AWS and operators send them, and wrong ones.
func seeds(tb testing.TB) [][]byte {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		tb.Fatal("no payloads in testdata: ", err)
	}
	var all [][]byte
	for _, name := range names {
		payload, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, payload)
	}
	for _, command := range []string{`{"sweep":{"dryRun":true,"force":false}}`, `{"list":{"phases":["bound"]}}`} {
		all = append(all, []byte(command))
	}
	for _, verb := range []string{"bind", "unbind", "drain", "undrain"} {
		all = append(all, []byte(`{"`+verb+`":["`+worker+`"]}`))
	}
	return all
}

// mutator makes payloads.
type mutator struct {
	*rand.Rand
	seeds [][]byte
}

func (m mutator) payload() []byte {
	payload := slices.Clone(m.seeds[m.IntN(len(m.seeds))])
	switch m.IntN(4) {
	case 0: // anything
		payload = make([]byte, m.IntN(200))
		for i := range payload {
			payload[i] = byte(m.Uint32())
		}
	case 1: // bytes of a right one changed
		for range 1 + m.IntN(8) {
			payload = m.changeBytes(payload)
		}
	default: // values of a right one changed
		var value any
		if json.Unmarshal(payload, &value) == nil {
			for range 1 + m.IntN(3) {
				value = m.changeValue(value, 0)
			}
			payload, _ = json.Marshal(value) // it was JSON
		}
	}
	return payload
}

// changeBytes flips, cuts, repeats or inserts.
func (m mutator) changeBytes(p []byte) []byte {
	if len(p) == 0 {
		return p
	}
	from := m.IntN(len(p))
	to := from + m.IntN(len(p)-from)
	switch m.IntN(5) {
	case 0:
		p[from] ^= 1 << m.IntN(8)
	case 1:
		return p[:from]
	case 2:
		return slices.Delete(p, from, to)
	case 3:
		return slices.Insert(p, from, p[from:min(to, from+50)]...)
	default:
		tokens := []string{`"`, `\`, `{`, `}`, `[`, `]`, `null`, `1e999`, "\x00", "\xff", `\ud800`, `:`, `,`}
		return slices.Insert(p, from, []byte(tokens[m.IntN(len(tokens))])...)
	}
	return p
}

// changeValue changes the value, or one somewhere in it.
func (m mutator) changeValue(value any, depth int) any {
	if m.IntN(6) == 0 && depth > 0 {
		return m.value()
	}
	switch v := value.(type) {
	case map[string]any:
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range v {
				if !yield(name) {
					return
				}
			}
		})
		if len(names) == 0 || m.IntN(10) == 0 {
			v[m.name()] = m.value()
			return v
		}
		name := names[m.IntN(len(names))]
		if m.IntN(10) == 0 {
			delete(v, name)
			return v
		}
		v[name] = m.changeValue(v[name], depth+1)
	case []any:
		if len(v) == 0 || m.IntN(5) == 0 {
			return append(v, m.value())
		}
		i := m.IntN(len(v))
		v[i] = m.changeValue(v[i], depth+1)
	case string:
		var inner any
		if json.Unmarshal([]byte(v), &inner) == nil { // a message's body
			changed, _ := json.Marshal(m.changeValue(inner, depth+1)) // it was JSON
			return string(changed)
		}
		return string(m.changeBytes([]byte(v)))
	}
	return value
}

func (m mutator) name() string {
	names := []string{"detail-type", "detail", "Records", "requestContext", "version", "sweep", "list", "bind", "drain", "instance-id", "body", "http", "authorizer", "x"}
	return names[m.IntN(len(names))]
}

func (m mutator) value() any {
	values := []any{nil, true, 0, -1.5, 1e300, "", "i-0123456789abcdef0", strings.Repeat("x", 5000), "a\r\nb\x00", []any{}, map[string]any{}, []any{"i-0123456789abcdef0"}, "2.0", "Scheduled Event", "aws:sqs"}
	return values[m.IntN(len(values))]
}

var isInstanceID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})\z`).MatchString

// handle returns what the binder was asked for, which must be something that
// makes sense, for one reason.
func handle(t *testing.T, payload []byte) []string {
	t.Helper()
	b, requests := &stub{outcome: binder.Outcome{Status: binder.Busy, RetryAfter: time.Second}}, 0
	handler := lambdaevent.New(b, func(o *lambdaevent.Options) {
		o.Store, o.Visibility = &records{number: 2}, &visibility{}
		o.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			w.Header().Set("X-Echo", r.UserAgent()+r.RequestURI)
			_, _ = io.Copy(w, r.Body) // in memory
		})
	})
	answer, err := handler.Invoke(t.Context(), payload)
	var refused *lambdaevent.EventError
	var again *lambdaevent.RetryError
	switch {
	case err == nil && json.Valid(answer):
	case errors.As(err, &again) && answer == nil && len(b.calls) > 0:
	case errors.As(err, &refused) && answer == nil && len(b.calls) == 0 && saysQueue(payload):
	default:
		t.Errorf("the answer %s, %v, after %q", answer, err, b.calls)
	}
	if len(b.calls) > 0 && (requests > 0 || strings.HasPrefix(string(answer), `{"error"`)) {
		t.Errorf("%q, and %d requests, for one payload, and the answer %s", b.calls, requests, answer)
	}
	if err != nil && len(err.Error()) > 2000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
	for _, call := range b.calls {
		verb, ids, _ := strings.Cut(call, " ")
		for id := range strings.FieldsSeq(ids) {
			if !isInstanceID(id) {
				t.Errorf("%s of %q", verb, id)
			}
		}
	}
	return b.calls
}

// saysQueue reports whether a string of the payload is the event source of a
// queue's messages, without which nothing that is refused is an error.
func saysQueue(payload []byte) bool {
	for d := json.NewDecoder(bytes.NewReader(payload)); ; {
		switch token, err := d.Token(); {
		case err != nil:
			return false
		case token == "aws:sqs":
			return true
		}
	}
}

const stateChange = "EC2 Instance State-change Notification"

func notification(t *testing.T, instance, state string) []byte {
	t.Helper()
	type detail struct {
		InstanceID string `json:"instance-id"`
		State      string `json:"state"`
	}
	payload, err := json.Marshal(map[string]any{"detail-type": stateChange, "detail": detail{instance, state}})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}
