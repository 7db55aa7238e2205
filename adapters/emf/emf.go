// Package emf turns what a [binder.Binder] does into CloudWatch metrics, without a
// metrics library and without a call to CloudWatch: an [Observer] writes lines in the
// CloudWatch Embedded Metric Format, from which CloudWatch Logs makes metrics. On
// Lambda standard output goes there.
//
//	metrics, err := emf.New(os.Stdout)
//	if err != nil {
//		return err
//	}
//	b, err := binder.New(backends, func(o *binder.Options) { o.Observer = metrics })
//	// …
//	err = metrics.Flush() // after each invocation, or each minute
//
// The metrics have one dimension, BinderID, so that their number, and with it their
// price, does not grow with that of the instances:
//
//	metric         unit          what it says
//	Bound          Count         workers bound
//	Unbound        Count         bindings taken back
//	Exhausted      Count         times that the pool had no address for a worker
//	Throttled      Count         times that work on a worker ended because AWS throttled it; what the
//	                             SDK's retries got through does not count
//	DriftFound     Count         contradictions between cloud and record, and findings of sweeps
//	DriftRepaired  Count         those that were repaired
//	Failed         Count         other failures, refused events included
//	TimeToUsable   Milliseconds  from an instance's launch until it is bound and usable
//	PoolFree       Count         addresses that may be given to a worker, after each sweep
//	PoolUsed       Count         addresses that a worker holds, or is about to
//	PoolCooling    Count         addresses that nobody may have yet
//
// What did not happen is not written: let alarms treat missing data as not
// breaching.
//
// An Observer is safe for concurrent use, and has no goroutines.
package emf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/eipbinder/eipbinder/binder"
)

// The metrics' names.
const (
	Bound         = "Bound"
	Unbound       = "Unbound"
	Exhausted     = "Exhausted"
	Throttled     = "Throttled"
	DriftFound    = "DriftFound"
	DriftRepaired = "DriftRepaired"
	Failed        = "Failed"
	TimeToUsable  = "TimeToUsable"
	PoolFree      = "PoolFree"
	PoolUsed      = "PoolUsed"
	PoolCooling   = "PoolCooling"
)

// Dimension is the name of the metrics' only dimension.
const Dimension = "BinderID"

// maxValues is how many values one metric may have in one document, by the
// format's specification.
const maxValues = 100

// Options configure an Observer.
type Options struct {
	// BinderID is the value of the dimension: the Binder's own option of that
	// name. Default "eipbinder".
	BinderID string
	// Namespace is the metrics'. Default "eipbinder".
	Namespace string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Observer counts what it is told, and writes it when it is flushed. Make one
// with New, for each Binder one.
type Observer struct {
	opts Options

	writing sync.Mutex // of a line at a time
	w       io.Writer

	mu   sync.Mutex // of what was counted since the last flush
	sums map[string]int
	took []int64 // milliseconds
}

var _ binder.Observer = (*Observer)(nil)

// New returns an Observer that writes there. The error says which option
// CloudWatch would not take.
func New(w io.Writer, optFns ...func(*Options)) (*Observer, error) {
	opts := Options{BinderID: "eipbinder", Namespace: "eipbinder", Now: time.Now}
	for _, fn := range optFns {
		fn(&opts)
	}
	if err := opts.validate(w); err != nil {
		return nil, fmt.Errorf("emf: %w", err)
	}
	return &Observer{opts: opts, w: w, sums: map[string]int{}}, nil
}

func (o Options) validate(w io.Writer) error {
	switch {
	case w == nil:
		return errors.New("the writer is nil")
	case o.Now == nil:
		return errors.New("Options.Now is nil: leave it out for time.Now")
	case !printable(o.BinderID, 1024) || o.BinderID[0] == ':':
		return fmt.Errorf("Options.BinderID %.80q is not 1 to 1,024 ASCII characters that do not begin with a colon", o.BinderID)
	case !printable(o.Namespace, 255) || strings.HasPrefix(o.Namespace, "AWS/"):
		return fmt.Errorf("Options.Namespace %.80q is not 1 to 255 ASCII characters that do not begin with AWS/", o.Namespace)
	}
	return nil
}

// printable reports whether the text is what CloudWatch takes for a dimension's
// value: ASCII without control characters, and more than spaces.
func printable(s string, limit int) bool {
	outside := func(r rune) bool { return r < ' ' || r > '~' }
	return len(s) <= limit && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, outside)
}

// Observe counts the event.
func (o *Observer) Observe(_ context.Context, e binder.Event) {
	name := counter(e.Kind)
	if name == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sums[name]++
	if e.Kind == binder.EventBound && e.Took > 0 {
		o.took = append(o.took, e.Took.Milliseconds())
	}
}

// counter is the metric that counts events of this kind; empty if none does.
func counter(kind binder.EventKind) string {
	switch kind {
	case binder.EventBound:
		return Bound
	case binder.EventUnbound:
		return Unbound
	case binder.EventExhausted:
		return Exhausted
	case binder.EventThrottled:
		return Throttled
	case binder.EventDriftFound:
		return DriftFound
	case binder.EventDriftRepaired:
		return DriftRepaired
	case binder.EventFailed:
		return Failed
	}
	return ""
}

// Pool takes the state of the pool, for the next flush. A later one replaces it.
func (o *Observer) Pool(free, used, cooling int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sums[PoolFree], o.sums[PoolUsed], o.sums[PoolCooling] = free, used, cooling
}

// Flush writes what there is since the last one, in one line; in more if there
// are more than 100 times, which the format allows in one. If there is nothing, it
// writes nothing. What could not be written is lost.
func (o *Observer) Flush() error {
	sums, took := o.taken()
	o.writing.Lock()
	defer o.writing.Unlock()
	for len(sums)+len(took) > 0 {
		n := min(len(took), maxValues)
		line, err := json.Marshal(o.document(sums, took[:n]))
		if err != nil {
			return fmt.Errorf("emf: %w", err)
		}
		if _, err := o.w.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("emf: write the metrics: %w", err)
		}
		sums, took = nil, took[n:]
	}
	return nil
}

// taken returns what was counted, and begins anew.
func (o *Observer) taken() (sums map[string]int, took []int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	sums, took = maps.Clone(o.sums), o.took
	clear(o.sums)
	o.took = nil
	return sums, took
}
