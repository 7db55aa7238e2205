package demo

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/internal/awssim"
	"github.com/eipbinder/eipbinder/store"
)

// printer writes what happens, each thing on a line of its own. It is the
// binder's Observer, so it is called from several goroutines.
type printer struct {
	mu     sync.Mutex
	out    io.Writer
	asJSON bool
	began  time.Time
	last   map[string]string          // the last kind, by instance
	seen   map[string]map[string]bool // instances, by kind
	err    error                      // the first one of out
}

func newPrinter(out io.Writer, asJSON bool) *printer {
	return &printer{out: out, asJSON: asJSON, began: time.Now(), last: map[string]string{}, seen: map[string]map[string]bool{}}
}

// line is one thing that happened.
type line struct {
	Seconds      float64    `json:"seconds"` // since the start
	Kind         string     `json:"kind"`
	InstanceID   string     `json:"instanceId,omitempty"`
	AllocationID string     `json:"allocationId,omitempty"`
	IP           netip.Addr `json:"ip,omitzero"`
	Name         string     `json:"name,omitempty"`
	Text         string     `json:"text,omitempty"`
	// Record is one record of the table at the end.
	Record *store.Record `json:"record,omitempty"`
}

// start sets the clock to zero.
func (p *printer) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = time.Now()
}

// note writes a line that is about no instance.
func (p *printer) note(kind, text, shown string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text = strings.ReplaceAll(text, "\n", " ") // breaks are for people
	p.emit(line{Seconds: p.seconds(), Kind: kind, Text: text}, shown)
}

// table writes the records.
func (p *printer) table(records []store.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asJSON {
		p.keep(report.Records(p.out, records, false))
		return
	}
	for _, r := range records {
		p.emit(line{Seconds: p.seconds(), Kind: "record", Record: &r}, "")
	}
}

// act writes the head of a part of the play.
func (p *printer) act(text string) { p.note("act", text, "\n"+text) }

// state writes a state change of an instance.
func (p *printer) state(c awssim.StateChange) {
	p.event(line{Kind: string(c.State), InstanceID: c.InstanceID})
}

// Observe writes what the binder did.
func (p *printer) Observe(_ context.Context, e binder.Event) {
	l := line{Kind: string(e.Kind), InstanceID: e.InstanceID, AllocationID: e.AllocationID, IP: e.IP, Name: strings.TrimSuffix(e.Name, "."), Text: e.Reason}
	switch {
	case e.Err != nil:
		l.Text = e.Err.Error()
	case e.Kind == binder.EventExhausted:
		l.Text = "waits: " + e.Reason
	case e.Kind == binder.EventBound:
		l.Text = fmt.Sprintf("%.1f s after its launch", e.Took.Seconds())
	}
	p.event(l)
}

// event writes what happened to an instance, unless it is the same as before:
// one that waits is asked for again and again.
func (p *printer) event(l line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last[l.InstanceID] == l.Kind {
		return
	}
	p.last[l.InstanceID] = l.Kind
	if p.seen[l.Kind] == nil {
		p.seen[l.Kind] = map[string]bool{}
	}
	p.seen[l.Kind][l.InstanceID] = true
	l.Seconds = p.seconds()
	text := fmt.Sprintf("%+8.3fs  %s  %s", l.Seconds, l.InstanceID, l.Kind)
	if what := strings.TrimSpace(describe(l)); what != "" {
		text = fmt.Sprintf("%+8.3fs  %s  %-13s  %s", l.Seconds, l.InstanceID, l.Kind, what)
	}
	p.emit(l, text)
}

// describe shows of an event what its kind is about.
func describe(l line) string {
	switch binder.EventKind(l.Kind) {
	case binder.EventReserved, binder.EventAssociated, binder.EventDisassociated, binder.EventUnbound:
		return l.IP.String()
	case binder.EventPublished, binder.EventUnpublished:
		return l.Name
	case binder.EventBound:
		return fmt.Sprintf("%s  %s  (%s)", l.IP, l.Name, l.Text)
	}
	return l.Text
}

// told returns for how many instances an event of this kind was written.
func (p *printer) told(kind binder.EventKind) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen[string(kind)])
}

func (p *printer) seconds() float64 { return time.Since(p.began).Round(time.Millisecond).Seconds() }

// emit writes the line, or the text that people see instead.
func (p *printer) emit(l line, text string) {
	if p.asJSON {
		p.keep(report.Lines(p.out, []line{l}))
		return
	}
	_, err := fmt.Fprintln(p.out, text)
	p.keep(err)
}

func (p *printer) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

// failure returns the first error of the output.
func (p *printer) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}
