package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eipbinder/eipbinder/examples/cli/internal/demo"
)

func TestRunShowsEachStepAndVerifies(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := demo.Run(t.Context(), &out, false); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("the play takes %s", took)
		}
	})
	text := out.String()
	lines := map[string]int{
		"  pending": 10, "  running": 10, "  reserved  ": 10, "  associated  ": 10, "  published  ": 10, "  bound  ": 17, // in the table, too
		"  exhausted  ": 2, "  shutting-down": 3, "  releasing  ": 3, "  unpublished  ": 3, "  unbound  ": 3, "  terminated": 3,
		"  ok  ": 5, "FAILED": 0, "failed": 0, "  free  ": 1,
	}
	for what, want := range lines {
		if got := linesWith(text, what); got != want {
			t.Errorf("%d lines with %q, want %d", got, what, want)
		}
	}
	for _, word := range []string{"Simulated: EC2 and Route 53", "in memory", "Real: the binder", "cool-down 3s"} {
		if !strings.Contains(text, word) {
			t.Errorf("the introduction lacks %q", word)
		}
	}
	if t.Failed() {
		t.Log("\n" + text)
	}
}

func linesWith(text, what string) int {
	count := 0
	for line := range strings.Lines(text) {
		if strings.Contains(strings.TrimSuffix(line, "\n"), what) {
			count++
		}
	}
	return count
}

func TestRunAsJSON(t *testing.T) {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		if err := demo.Run(t.Context(), &out, true); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
	})
	kinds, last := map[string]int{}, 0.0
	for line := range strings.Lines(out.String()) {
		var l struct {
			Seconds          *float64
			Kind, InstanceID string
			Record           map[string]any
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Kind == "" || l.Seconds == nil {
			t.Fatalf("%q: %v", line, err)
		}
		if *l.Seconds < last {
			t.Errorf("the clock goes back from %v in %s", last, line)
		}
		if (l.Kind == "record") != (l.Record != nil) {
			t.Errorf("the record is missing or too much: %s", line)
		}
		kinds[l.Kind]++
		last = *l.Seconds
	}
	for kind, want := range map[string]int{"simulated": 1, "real": 1, "bound": 10, "exhausted": 2, "unbound": 3, "record": 8, "ok": 5, "FAILED": 0} {
		if kinds[kind] != want {
			t.Errorf("%d lines of kind %q, want %d", kinds[kind], kind, want)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		start := time.Now()
		if err := demo.Run(ctx, &out, false); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("it went on for %s", took)
		}
	})
}

// brokenPipe takes nothing.
type brokenPipe struct{}

var errBrokenPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBrokenPipe }

func TestRunReportsAnOutputThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := demo.Run(t.Context(), brokenPipe{}, false); !errors.Is(err, errBrokenPipe) {
			t.Errorf("error %v", err)
		}
	})
}
