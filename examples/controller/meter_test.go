package main

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/eipbinder/eipbinder/binder"
	"github.com/eipbinder/eipbinder/eippool"
	"github.com/eipbinder/eipbinder/store"
)

func TestMeter(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	watch := newMeter()
	registry.MustRegister(watch.collectors()...)
	for _, e := range []binder.Event{
		{Kind: binder.EventBound, Took: 12 * time.Second}, {Kind: binder.EventBound, Took: 40 * time.Second},
		{Kind: binder.EventAssociated, Took: time.Second}, {Kind: binder.EventExhausted},
	} {
		watch.Observe(t.Context(), e)
	}
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
		# HELP eipbinder_events_total What the binder did or found, by kind: bound, unbound, exhausted, drift-found, throttled, failed and others.
		# TYPE eipbinder_events_total counter
		eipbinder_events_total{kind="associated"} 1
		eipbinder_events_total{kind="bound"} 2
		eipbinder_events_total{kind="exhausted"} 1
	`), "eipbinder_events_total")
	if err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(watch.usable); n != 1 {
		t.Errorf("%d histograms", n)
	}
}

func TestStateOf(t *testing.T) {
	now := time.Now()
	known := map[string]store.Record{
		"held": {Phase: store.Bound}, "cooling": {Phase: store.Free, ReusableAt: now.Add(time.Hour)}, "cool": {Phase: store.Free, ReusableAt: now.Add(-time.Hour)},
	}
	for id, want := range map[string]string{"held": "used", "cooling": "cooling", "cool": "free", "never": "free"} {
		if got := stateOf(eippool.Address{AllocationID: id}, known); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if got := stateOf(eippool.Address{AllocationID: "x", AssociationID: "eipassoc-1", NetworkInterfaceID: "eni-1"}, known); got != "used" {
		t.Errorf("somebody else's: %s", got)
	}
}
