package main

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/examples/internal/deployment"
)

// sweeps tells how sweeps end. Only the replica that leads has any.
type sweeps struct {
	ended    *prometheus.CounterVec
	last     prometheus.Gauge
	failures prometheus.Gauge
}

func newSweeps() sweeps {
	return sweeps{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "eipbinder_sweeps_total", Help: "Sweeps by how they ended: complete; refused, since they would have taken back more than blastRadius; paused; or failed.",
		}, []string{"result"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "eipbinder_last_complete_sweep_timestamp_seconds", Help: "When the last sweep ended that was complete, in seconds since 1970; 0: there was none.",
		}),
		failures: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "eipbinder_last_complete_sweep_failures", Help: "Workers and names on which the last complete sweep failed.",
		}),
	}
}

func (s sweeps) collectors() []prometheus.Collector {
	return []prometheus.Collector{s.ended, s.last, s.failures}
}

// observe counts a sweep that has ended.
func (s sweeps) observe(err error) {
	result, failures := resultOf(err)
	s.ended.WithLabelValues(result).Inc()
	if result == complete {
		s.last.SetToCurrentTime()
		s.failures.Set(float64(failures))
	}
}

// How sweeps end.
const (
	complete = "complete"
	refused  = "refused"
	paused   = "paused"
	failed   = "failed"
)

// resultOf says how a sweep has ended. That single bindings failed, and how many
// did, is no matter of the sweep: it was complete.
func resultOf(err error) (result string, failures int) {
	switch {
	case errors.Is(err, binder.ErrBlastRadius):
		return refused, 0
	case errors.Is(err, binder.ErrPaused):
		return paused, 0
	}
	for _, err := range leaves(err) {
		if single := (*binder.Error)(nil); !errors.As(err, &single) {
			return failed, 0
		}
		failures++
	}
	return complete, failures
}

// leaves returns the errors that were joined, by profiles and in each.
func leaves(err error) []error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if joined, ok := e.(interface{ Unwrap() []error }); ok {
			var all []error
			for _, part := range joined.Unwrap() {
				all = append(all, leaves(part)...)
			}
			return all
		}
		if _, single := e.(*binder.Error); single { //nolint:errorlint // what it wraps comes next, but may be joined
			return []error{e}
		}
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// measured is a Binder whose sweeps are told of, and followed by counting.
type measured struct {
	deployment.Binder
	sweeps sweeps
	stock  *stock
}

// Sweep sweeps, and counts what there is then.
func (m measured) Sweep(ctx context.Context, optFns ...func(*binder.SweepOptions)) (binder.Report, error) {
	report, err := m.Binder.Sweep(ctx, optFns...)
	if ctx.Err() == nil { // else the process ends
		m.sweeps.observe(err)
	}
	m.stock.take(ctx)
	return report, err
}
