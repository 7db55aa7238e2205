package emf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eipbinder/eipbinder/adapters/emf"
	"github.com/eipbinder/eipbinder/binder"
)

var now = time.Date(2026, 11, 11, 21, 29, 59, 390_999_999, time.UTC)

func clock(o *emf.Options) { o.Now = func() time.Time { return now } }

func newObserver(t *testing.T, w io.Writer, optFns ...func(*emf.Options)) *emf.Observer {
	t.Helper()
	o, err := emf.New(w, append([]func(*emf.Options){clock}, optFns...)...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// flush returns what is written, a document each line, after it was held against
// the specification.
func flush(t *testing.T, o *emf.Observer, out *bytes.Buffer) []map[string]any {
	t.Helper()
	out.Reset()
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	var documents []map[string]any
	for line := range strings.Lines(out.String()) {
		if !strings.HasSuffix(line, "\n") {
			t.Errorf("the line does not end: %q", line)
		}
		documents = append(documents, checked(t, line))
	}
	return documents
}

// specified is the format's schema, of the objects that have names.
type specified struct {
	Metadata *struct {
		Timestamp         *json.Number
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// units are CloudWatch's, as far as the specification's schema lists them.
var units = regexp.MustCompile(`^(Seconds|Microseconds|Milliseconds|((Kilo|Mega|Giga|Tera)?[Bb](ytes|its)|Count)(/Second)?|Percent|None)$`)

// checked returns the document's root, if it follows the specification field by
// field ("Specification: Embedded metric format" in the CloudWatch user guide).
func checked(t *testing.T, line string) map[string]any {
	t.Helper()
	var document specified
	var root map[string]any
	if err := errors.Join(json.Unmarshal([]byte(line), &document), json.Unmarshal([]byte(line), &root)); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if len(line) > 256<<10 {
		t.Errorf("the document has %d bytes; a log event has 256 KB at most", len(line))
	}
	meta := document.Metadata
	if meta == nil || meta.Timestamp == nil {
		t.Fatalf("no _aws, or no Timestamp in it: %s", line)
	}
	if ms, err := meta.Timestamp.Int64(); err != nil || ms != now.UnixMilli() {
		t.Errorf("Timestamp %s is not %d, in whole milliseconds", *meta.Timestamp, now.UnixMilli())
	}
	if len(meta.CloudWatchMetrics) != 1 {
		t.Fatalf("%d directives: %s", len(meta.CloudWatchMetrics), line)
	}
	d := meta.CloudWatchMetrics[0]
	if d.Namespace == "" || len(d.Namespace) > 255 {
		t.Errorf("Namespace %q", d.Namespace)
	}
	if diff := cmp.Diff([][]string{{"BinderID"}}, d.Dimensions); diff != "" {
		t.Errorf("Dimensions (-want +got):\n%s", diff)
	}
	referred := map[string]bool{"_aws": true}
	for _, dimension := range d.Dimensions[0] {
		referred[dimension] = true
		if value, ok := root[dimension].(string); !ok || value == "" {
			t.Errorf("the dimension %s is %v, not a string", dimension, root[dimension])
		}
	}
	if len(d.Metrics) == 0 || len(d.Metrics) > 100 {
		t.Errorf("%d metrics", len(d.Metrics))
	}
	for _, m := range d.Metrics {
		if m.Name == "" || len(m.Name) > 255 || !units.MatchString(m.Unit) || referred[m.Name] {
			t.Errorf("metric %+v", m)
		}
		referred[m.Name] = true
		values, many := root[m.Name].([]any)
		if !many {
			values = []any{root[m.Name]}
		}
		if len(values) == 0 || len(values) > 100 {
			t.Errorf("%s has %d values", m.Name, len(values))
		}
		for _, value := range values {
			if _, ok := value.(float64); !ok {
				t.Errorf("%s is %v, no number", m.Name, value)
			}
		}
	}
	for name := range root {
		if !referred[name] {
			t.Errorf("nothing refers to the member %s", name)
		}
	}
	delete(root, "_aws")
	return root
}

func observe(t *testing.T, o *emf.Observer, kind binder.EventKind, times int, took time.Duration) {
	for range times {
		o.Observe(t.Context(), binder.Event{Kind: kind, InstanceID: "i-0123456789abcdef0", AllocationID: "eipalloc-0a", Took: took, Err: errors.New("cause")})
	}
}

func TestMetrics(t *testing.T) {
	for _, test := range []struct {
		kind binder.EventKind
		want map[string]any
	}{
		{binder.EventUnbound, map[string]any{"Unbound": 3.0}},
		{binder.EventExhausted, map[string]any{"Exhausted": 3.0}},
		{binder.EventThrottled, map[string]any{"Throttled": 3.0}},
		{binder.EventDriftFound, map[string]any{"DriftFound": 3.0}},
		{binder.EventDriftRepaired, map[string]any{"DriftRepaired": 3.0}},
		{binder.EventFailed, map[string]any{"Failed": 3.0}},
		{binder.EventBound, map[string]any{"Bound": 3.0, "TimeToUsable": []any{1500.0, 1500.0, 1500.0}}},
		{binder.EventReserved, nil},
		{binder.EventAssociated, nil},
		{binder.EventPublished, nil},
		{binder.EventHidden, nil},
		{binder.EventShown, nil},
		{binder.EventReleasing, nil},
		{binder.EventUnpublished, nil},
		{binder.EventDisassociated, nil},
		{"to come", nil},
	} {
		var out bytes.Buffer
		o := newObserver(t, &out)
		observe(t, o, test.kind, 3, 1500*time.Millisecond)
		documents := flush(t, o, &out)
		if test.want == nil {
			if len(documents) > 0 {
				t.Errorf("%s: %v", test.kind, documents)
			}
			continue
		}
		test.want["BinderID"] = "eipbinder"
		if diff := cmp.Diff([]map[string]any{test.want}, documents); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.kind, diff)
		}
	}
}

func TestNothingToSay(t *testing.T) {
	var out bytes.Buffer
	o := newObserver(t, &out)
	if documents := flush(t, o, &out); len(documents) > 0 {
		t.Errorf("before anything: %v", documents)
	}
	observe(t, o, binder.EventBound, 1, 0)
	if diff := cmp.Diff([]map[string]any{{"BinderID": "eipbinder", "Bound": 1.0}}, flush(t, o, &out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if documents := flush(t, o, &out); len(documents) > 0 {
		t.Errorf("a second time: %v", documents)
	}
}

// TestPool: the last one counts, zero does too, and it is not repeated.
func TestPool(t *testing.T) {
	var out bytes.Buffer
	o := newObserver(t, &out, func(o *emf.Options) { o.BinderID, o.Namespace = "eipbinder-voice", "Media/eipbinder" })
	o.Pool(5, 6, 7)
	o.Pool(0, 12, 6)
	want := []map[string]any{{"BinderID": "eipbinder-voice", "PoolFree": 0.0, "PoolUsed": 12.0, "PoolCooling": 6.0}}
	if diff := cmp.Diff(want, flush(t, o, &out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(out.String(), `"Namespace":"Media/eipbinder"`) {
		t.Errorf("no namespace: %s", out.String())
	}
	if documents := flush(t, o, &out); len(documents) > 0 {
		t.Errorf("a second time: %v", documents)
	}
}

// TestManyTimes: 100 values to a document, the sums in the first only.
func TestManyTimes(t *testing.T) {
	for _, test := range []struct{ times, documents int }{{99, 1}, {100, 1}, {101, 2}, {1000, 10}, {1001, 11}} {
		var out bytes.Buffer
		o := newObserver(t, &out)
		observe(t, o, binder.EventBound, test.times, time.Hour)
		documents := flush(t, o, &out)
		values := 0
		for i, d := range documents {
			times, _ := d["TimeToUsable"].([]any)
			values += len(times)
			if _, counted := d["Bound"]; counted != (i == 0) {
				t.Errorf("%d: document %d: %v", test.times, i, d)
			}
		}
		if len(documents) != test.documents || values != test.times {
			t.Errorf("%d: %d documents with %d values, want %d", test.times, len(documents), values, test.documents)
		}
	}
}

// inOneGo fails if a line comes in parts, or two at once.
type inOneGo struct {
	t  *testing.T
	mu sync.Mutex
	bytes.Buffer
}

func (w *inOneGo) Write(p []byte) (int, error) {
	if !w.mu.TryLock() {
		w.t.Error("two lines at once")
	} else {
		defer w.mu.Unlock()
	}
	if bytes.Count(p, []byte("\n")) != 1 || p[len(p)-1] != '\n' {
		w.t.Errorf("not one line: %q", p)
	}
	return w.Buffer.Write(p)
}

func TestConcurrently(t *testing.T) {
	out := &inOneGo{t: t}
	o := newObserver(t, out)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				observe(t, o, binder.EventBound, 1, time.Second)
				o.Pool(1, 2, 3)
			}
		})
		group.Go(func() {
			for range 20 {
				if err := o.Flush(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	bound, values := 0.0, 0
	for line := range strings.Lines(out.String()) {
		root := checked(t, line)
		n, _ := root["Bound"].(float64)
		times, _ := root["TimeToUsable"].([]any)
		bound, values = bound+n, values+len(times)
	}
	if bound != 800 || values != 800 {
		t.Errorf("%v bound, %d times, want 800", bound, values)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestBrokenWriter(t *testing.T) {
	o := newObserver(t, brokenPipe{})
	observe(t, o, binder.EventBound, 1, time.Second)
	if err := o.Flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Flush: %v", err)
	}
	if err := o.Flush(); err != nil {
		t.Errorf("Flush with nothing to write: %v", err)
	}
}

func TestWrongOptions(t *testing.T) {
	for says, option := range map[string]func(*emf.Options){
		"Options.Now":              func(o *emf.Options) { o.Now = nil },
		`Options.BinderID ""`:      func(o *emf.Options) { o.BinderID = "" },
		`Options.BinderID " "`:     func(o *emf.Options) { o.BinderID = " " },
		`Options.BinderID ":a"`:    func(o *emf.Options) { o.BinderID = ":a" },
		`Options.BinderID "ü"`:     func(o *emf.Options) { o.BinderID = "ü" },
		`Options.BinderID "xxx`:    func(o *emf.Options) { o.BinderID = strings.Repeat("x", 1025) },
		`Options.Namespace ""`:     func(o *emf.Options) { o.Namespace = "" },
		`Options.Namespace "AWS/x`: func(o *emf.Options) { o.Namespace = "AWS/x" },
		`Options.Namespace "a\nb"`: func(o *emf.Options) { o.Namespace = "a\nb" },
	} {
		if _, err := emf.New(io.Discard, option); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	if _, err := emf.New(nil); err == nil {
		t.Error("a nil writer is taken")
	}
}
