package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eipbinder/eipbinder/adapters/emf"
)

// metrics are what CloudWatch makes of functions' standard output, by name.
type metrics map[string][]datum

type datum struct {
	at    int64 // milliseconds since 1970
	value float64
}

// emfDocument is a line of the Embedded Metric Format ("Specification: Embedded
// metric format" in the CloudWatch user guide).
type emfDocument struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// metricsOf reads all that functions printed. A line that CloudWatch takes no metric
// from, or of another Binder, is an error: there is nothing else on standard output.
func metricsOf(tb testing.TB, binderID string, printed ...string) metrics {
	tb.Helper()
	all := metrics{}
	for _, text := range printed {
		for line := range strings.Lines(text) {
			if !all.read(binderID, []byte(line)) {
				tb.Errorf("standard output has no metric of %s in: %s", binderID, line)
			}
		}
	}
	for _, data := range all {
		slices.SortStableFunc(data, func(a, b datum) int { return cmp.Compare(a.at, b.at) })
	}
	return all
}

// read reports whether each metric that the line names is in it.
func (m metrics) read(binderID string, line []byte) bool {
	var about emfDocument
	var root map[string]json.RawMessage
	if json.Unmarshal(line, &about) != nil || json.Unmarshal(line, &root) != nil || about.AWS.Timestamp == 0 || len(about.AWS.CloudWatchMetrics) != 1 {
		return false
	}
	directive := about.AWS.CloudWatchMetrics[0]
	if directive.Namespace != "eipbinder" || len(directive.Metrics) == 0 || len(directive.Dimensions) != 1 ||
		!slices.Equal(directive.Dimensions[0], []string{emf.Dimension}) || string(root[emf.Dimension]) != `"`+binderID+`"` {
		return false
	}
	for _, metric := range directive.Metrics {
		text := root[metric.Name]
		if !bytes.HasPrefix(text, []byte("[")) {
			text = slices.Concat([]byte("["), text, []byte("]"))
		}
		var values []float64
		if json.Unmarshal(text, &values) != nil || len(values) == 0 || metric.Unit == "" {
			return false
		}
		for _, v := range values {
			m[metric.Name] = append(m[metric.Name], datum{about.AWS.Timestamp, v})
		}
	}
	return true
}

func (m metrics) sum(name string) (sum int) {
	for _, d := range m[name] {
		sum += int(d.value)
	}
	return sum
}

// last is the value of the last line that has it; -1 if none has.
func (m metrics) last(name string) int {
	data := m[name]
	if len(data) == 0 {
		return -1
	}
	return int(data[len(data)-1].value)
}

// wantMetrics ends all functions, and compares what they have printed with what
// has happened.
func (d *deployed) wantMetrics(t *testing.T) {
	t.Helper()
	var printed []string
	for _, f := range d.started {
		f.stop()
		printed = append(printed, f.out.String())
	}
	m := metricsOf(t, "eipbinder", printed...)
	bound := len(d.bound) + len(d.ended) - d.untold
	for name, want := range map[string]int{
		emf.Bound: bound, emf.Unbound: len(d.ended), emf.DriftFound: d.repaired, emf.DriftRepaired: d.repaired,
		emf.Failed: d.refused, emf.Exhausted: 0, emf.Throttled: 0,
	} {
		if got := m.sum(name); got != want {
			t.Errorf("the metric %s has the sum %d, want %d: %v", name, got, want, m[name])
		}
	}
	for name, want := range map[string]int{emf.PoolUsed: len(d.bound), emf.PoolCooling: len(d.ended), emf.PoolFree: d.pooled - len(d.bound) - len(d.ended)} {
		if got := m.last(name); got != want {
			t.Errorf("the metric %s is %d in the end, want %d", name, got, want)
		}
	}
	d.wantTimes(t, m[emf.TimeToUsable], bound)
}

// wantTimes: each binding has its time, from its launch on. That of a worker whose
// event is lost ends with the sweep that finds it, and no time is longer than the
// test.
func (d *deployed) wantTimes(t *testing.T, times []datum, bound int) {
	t.Helper()
	if len(times) != bound {
		t.Errorf("%d times to be usable, want one for each of %d bindings", len(times), bound)
	}
	late := 0
	for _, took := range times {
		after := time.Duration(took.value) * time.Millisecond
		switch {
		case after <= 0 || after > time.Since(d.launching):
			t.Errorf("a worker took %s to be usable, of %s that the test has taken", after, time.Since(d.launching))
		case after >= d.swept.Sub(d.launched):
			late++
		}
	}
	if late < d.lost {
		t.Errorf("%d workers were usable only after %s, when the first sweep began, want %d: %v", late, d.swept.Sub(d.launched), d.lost, times)
	}
}

// wantJSON checks that a log is lines of JSON, each with what slog says of each.
func wantJSON(tb testing.TB, log string) {
	tb.Helper()
	for line := range strings.Lines(log) {
		var said struct {
			Time       time.Time
			Level, Msg string
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil || said.Time.IsZero() || said.Level == "" || said.Msg == "" {
			tb.Errorf("a line of the log is not slog's JSON (%v): %s", err, line)
		}
	}
}
