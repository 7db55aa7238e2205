package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/eipbinder/eipbinder/binder"
)

// meter counts what a Binder does.
type meter struct {
	events *prometheus.CounterVec
	usable prometheus.Histogram
	steps  *prometheus.HistogramVec
}

func newMeter() meter {
	return meter{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "eipbinder_events_total", Help: "What the binder did or found, by kind: bound, unbound, exhausted, drift-found, throttled, failed and others.",
		}, []string{"kind"}),
		usable: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "eipbinder_launch_to_usable_seconds", Help: "Time from the launch of an instance until it was bound.",
			Buckets: []float64{5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600},
		}),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "eipbinder_step_seconds", Help: "Time that the steps of bindings took, by kind.",
			Buckets: prometheus.ExponentialBuckets(0.05, 2, 12),
		}, []string{"kind"}),
	}
}

func (m meter) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.events, m.usable, m.steps}
}

// Observe counts an event.
func (m meter) Observe(_ context.Context, e binder.Event) {
	m.events.WithLabelValues(string(e.Kind)).Inc()
	switch {
	case e.Took <= 0:
	case e.Kind == binder.EventBound:
		m.usable.Observe(e.Took.Seconds())
	default:
		m.steps.WithLabelValues(string(e.Kind)).Observe(e.Took.Seconds())
	}
}
