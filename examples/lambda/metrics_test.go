package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/eipbinder/eipbinder/adapters/lambdaevent"
	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

func TestEachProfileHasItsMetrics(t *testing.T) {
	var out bytes.Buffer
	m, err := newMetrics(&out, []deployment.Profile{{BinderID: "eipbinder-media"}, {BinderID: "eipbinder-voice"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"eipbinder-media", "eipbinder-voice", "eipbinder-voice", ""} {
		o := binder.Options{BinderID: id}
		m.observe(&o)
		if (o.Observer == nil) != (id == "") {
			t.Errorf("%q has the observer %v", id, o.Observer)
		}
		if o.Observer != nil {
			o.Observer.Observe(t.Context(), binder.Event{Kind: binder.EventExhausted})
		}
	}
	if err := m.flush(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"BinderID":"eipbinder-media","Exhausted":1,`, `"BinderID":"eipbinder-voice","Exhausted":2,`} {
		if !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 2 {
			t.Errorf("metrics %s, want %s", out.String(), want)
		}
	}
	if _, err := newMetrics(io.Discard, []deployment.Profile{{BinderID: "ü"}}); err == nil || !strings.Contains(err.Error(), "EIPBINDER_BINDER_ID") {
		t.Errorf("a BinderID that CloudWatch does not take: %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestRefusedIsCounted, and that it cannot be written does not touch the answer.
func TestRefusedIsCounted(t *testing.T) {
	for _, out := range []io.Writer{&bytes.Buffer{}, brokenPipe{}} {
		var log bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		m, err := newMetrics(out, []deployment.Profile{{BinderID: "eipbinder"}})
		if err != nil {
			t.Fatal(err)
		}
		f := function{lambdaevent.New(sweeper{err: errors.New("not asked")}, func(o *lambdaevent.Options) { o.Observer = m }), m, logger}
		answer, err := f.Invoke(t.Context(), []byte(`{"detail-type":"nonsense"}`))
		if err != nil || !strings.HasPrefix(string(answer), `{"error":`) {
			t.Errorf("answer %s, %v", answer, err)
		}
		if b, ok := out.(*bytes.Buffer); ok && !strings.Contains(b.String(), `"Failed":1`) || !ok && !strings.Contains(log.String(), "metrics are lost") {
			t.Errorf("metrics %v, log %s", out, log.String())
		}
	}
}
