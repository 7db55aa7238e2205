package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/eipbinder/eipbinder/binder"
)

// A sweep is complete if it has looked at everything, and done what it could: also
// if single workers fail.
func TestResultOf(t *testing.T) {
	one := &binder.Error{Step: "associate", InstanceID: "i-1", Err: errors.Join(errors.New("a"), errors.New("b"))}
	other := &binder.Error{Step: "publish", InstanceID: "i-2", Err: errors.New("c")}
	many := fmt.Errorf("sweep: %w: 3, more than 2", binder.ErrBlastRadius)
	unread := fmt.Errorf("sweep: %w", errors.New("throttled"))
	ofProfiles := func(errs ...error) error {
		for i, err := range errs {
			errs[i] = fmt.Errorf("profile %d: %w", i, err)
		}
		return errors.Join(errs...)
	}
	for name, row := range map[string]struct {
		err      error
		result   string
		failures int
	}{
		"all well":                     {nil, "complete", 0},
		"two workers":                  {errors.Join(errors.Join(one, other), nil), "complete", 2},
		"workers of profiles":          {ofProfiles(errors.Join(one), errors.Join(other, one)), "complete", 3},
		"more than may be":             {many, "refused", 0},
		"more than may be, of profile": {ofProfiles(errors.Join(one), many), "refused", 0},
		"a pause":                      {fmt.Errorf("sweep: %w: by hand", binder.ErrPaused), "paused", 0},
		"a list that fails":            {unread, "failed", 0},
		"one of two profiles":          {ofProfiles(errors.Join(one), unread), "failed", 0},
		"the audit":                    {errors.Join(errors.Join(one), nil, errors.New("audit the store")), "failed", 0},
	} {
		if result, failures := resultOf(row.err); result != row.result || failures != row.failures {
			t.Errorf("%s: %s, %d, want %s, %d", name, result, failures, row.result, row.failures)
		}
	}
}

// The time is that of the last sweep that was complete, whatever came after it.
func TestSweeps(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	s := newSweeps()
	registry.MustRegister(s.collectors()...)
	before := time.Now().Add(-time.Second)
	s.observe(&binder.Error{Step: "associate", Err: errors.New("no")})
	at := testutil.ToFloat64(s.last)
	if at < float64(before.Unix()) || at > float64(time.Now().Unix()+1) {
		t.Errorf("the last sweep was at %v", at)
	}
	s.last.Set(7)
	s.observe(binder.ErrBlastRadius)
	s.observe(binder.ErrBlastRadius)
	s.observe(errors.New("throttled"))
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
		# HELP eipbinder_last_complete_sweep_failures Workers and names on which the last complete sweep failed.
		# TYPE eipbinder_last_complete_sweep_failures gauge
		eipbinder_last_complete_sweep_failures 1
		# HELP eipbinder_last_complete_sweep_timestamp_seconds When the last sweep ended that was complete, in seconds since 1970; 0: there was none.
		# TYPE eipbinder_last_complete_sweep_timestamp_seconds gauge
		eipbinder_last_complete_sweep_timestamp_seconds 7
		# HELP eipbinder_sweeps_total Sweeps by how they ended: complete; refused, since they would have taken back more than blastRadius; paused; or failed.
		# TYPE eipbinder_sweeps_total counter
		eipbinder_sweeps_total{result="complete"} 1
		eipbinder_sweeps_total{result="failed"} 1
		eipbinder_sweeps_total{result="refused"} 2
	`))
	if err != nil {
		t.Error(err)
	}
}
